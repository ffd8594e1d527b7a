"""Exports of submissions."""
