"""Forms that owners define: models, use cases, API, hosted pages, cache."""
