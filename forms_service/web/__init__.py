"""Shared HTTP code: bodies, responses, errors, headers, pagination, OpenAPI."""
