"""Signing in and out, and the sessions between."""
