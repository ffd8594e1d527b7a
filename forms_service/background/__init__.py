"""Background loops and periodic tasks."""
