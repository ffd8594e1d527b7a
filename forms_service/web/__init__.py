"""What every answer shares: answers, errors, headers, limits, caching, logging."""
