"""Notifications: mails about submissions, and whom they go to."""
