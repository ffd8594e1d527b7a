"""Sign-up and address confirmation."""
