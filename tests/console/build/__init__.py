"""The editor of forms."""
