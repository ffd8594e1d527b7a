"""Sessions: sign in, refresh, sign out."""
