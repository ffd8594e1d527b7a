"""Signing up, and confirming the address."""
