"""Submissions: storage, queries, notification, deletion and quota."""
