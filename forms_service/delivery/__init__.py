"""Delivery: the outbox, its worker, and the transports. Nothing that was queued is lost."""
