"""Delivery: the outbox, its worker and the transports."""
