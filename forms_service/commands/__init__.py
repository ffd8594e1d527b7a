"""Operator commands, collected by `cli.py`."""
