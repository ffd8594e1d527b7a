"""Mails to people who submit: automatic replies and double opt-in."""
