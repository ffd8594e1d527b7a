"""Accounts: sign-up, and who is asking."""
