"""Accounts: sign-up, sessions, password recovery, own account and API keys."""
