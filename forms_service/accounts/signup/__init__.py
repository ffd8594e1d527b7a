"""Sign-up and confirmation of the address."""
