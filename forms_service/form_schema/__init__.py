"""What a form may define. Pure: no request, no database."""
