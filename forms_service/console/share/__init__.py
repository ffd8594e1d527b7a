"""Code to put a form to use, and tests of it."""
