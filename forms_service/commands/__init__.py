"""Operator commands by subject; `cli.py` collects them."""
