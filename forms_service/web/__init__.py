"""HTTP code that all features share: bodies, responses, errors, headers, pagination, OpenAPI."""
