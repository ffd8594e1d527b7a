"""Rate limits: the list of them, their keys, and their storage."""
