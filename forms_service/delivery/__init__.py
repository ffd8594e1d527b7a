"""Delivery: what the rooms above put into the outbox leaves from here, by mail or webhook, and nothing is lost."""
