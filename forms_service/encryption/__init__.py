"""Encrypted columns: key ring, wrapped data keys, associated data, rotation."""
