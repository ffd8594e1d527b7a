"""An owner's view of submissions: list, search, statistics, export."""
