"""Taking submissions."""
