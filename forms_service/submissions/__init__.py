"""Submissions: storage, queries, events, deletion and quota."""
