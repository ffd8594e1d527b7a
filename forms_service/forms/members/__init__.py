"""Colleagues on a form: invited by mail, with a role."""
