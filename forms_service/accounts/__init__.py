"""Accounts: sign-up, sessions, recovery, own account, API keys."""
