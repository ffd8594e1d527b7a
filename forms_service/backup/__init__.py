"""Backups of database and files in one archive, and restoring them on SQLite or PostgreSQL."""
