"""The service behind the forms on people's websites."""

__version__ = "0.1.0"
