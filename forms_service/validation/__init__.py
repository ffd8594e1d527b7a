"""Marshmallow fields and text functions, without request or database."""
