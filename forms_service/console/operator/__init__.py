"""Pages of operators: health, backlog, failing webhooks, accounts, suppressed addresses."""
