"""Pages of one's own account: profile, sign-in, sessions, API keys, audit trail, export, deletion."""
