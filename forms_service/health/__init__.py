"""Health and metrics: what a monitor asks."""
