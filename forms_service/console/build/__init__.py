"""The editor of forms: new ones, their fields, versions and copies."""
