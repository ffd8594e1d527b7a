"""API keys, and what programs do with them to accounts."""
