"""POST /f/{id}: from bytes to a committed row and a response."""
