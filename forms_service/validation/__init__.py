"""Marshmallow fields and text functions. Pure: no request, no database."""
