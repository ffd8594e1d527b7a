"""API keys and token introspection."""
