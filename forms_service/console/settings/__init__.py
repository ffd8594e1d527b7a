"""Settings of a form, and its deletion."""
