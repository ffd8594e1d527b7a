"""Encrypted columns: the key ring, wrapped data keys, associated data of a row, rotation."""
