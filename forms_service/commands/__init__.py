"""The commands that an operator types, by what they are about; `cli.py` gathers them."""
