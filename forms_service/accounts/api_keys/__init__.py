"""API keys, and token introspection for programs."""
