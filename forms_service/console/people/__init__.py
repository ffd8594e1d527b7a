"""Pages of data-subject requests: everything that one person sent."""
