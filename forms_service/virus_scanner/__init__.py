"""Scans files for viruses while they arrive."""
