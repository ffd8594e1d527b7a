"""Measuring the service against a bare Flask view; see README.md."""
