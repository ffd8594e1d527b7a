"""The API with which owners make, try and delete webhooks."""
