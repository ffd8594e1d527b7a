"""The definition of a form. Pure: no request, no database."""
