"""Background loops, and periodic tasks that run once across all processes."""
