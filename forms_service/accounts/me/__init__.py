"""Own account: show, change, export, erase."""
