"""One's own account: read, changed, exported, erased."""
