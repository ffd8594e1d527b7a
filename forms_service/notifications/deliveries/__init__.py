"""Deliveries: the mails and webhooks about a form's submissions, for its owner."""
