"""Data-subject rights: find, export and erase a person; account export; retention."""
