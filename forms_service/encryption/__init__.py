"""Encrypted columns: key ring, wrapped data keys, rotation."""
