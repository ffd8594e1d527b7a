"""Changes to everything that a filter matches."""
