"""Imports answers and form definitions that other services export."""
