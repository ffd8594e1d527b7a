"""Rate limits: their list, keys and storage."""
