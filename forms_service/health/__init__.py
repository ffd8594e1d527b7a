"""Health checks, metrics and `flask doctor`."""
