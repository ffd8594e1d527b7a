"""The Prometheus metrics that rooms count into; `health/` shows them. Labels are names, never a person's data."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("forms_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "forms_http_request_duration_seconds",
    "Time from the first byte of a request to its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
RATE_LIMITED = Counter("forms_rate_limited", "Requests refused by a rate limit.", ["limit"])
REDIS_FAILURES = Counter("forms_redis_failures", "Calls that fell back because Redis was away.")
REDIS_AWAY = Gauge("forms_redis_away", "1 while a process does without Redis.", multiprocess_mode="livemax")
CACHE_LOOKUPS = Counter("forms_cache_lookups", "Looks into the cache, by result.", ["result"])
FORM_LOOKUPS = Counter("forms_form_cache_lookups", "Looks for a form in the process's memory, by result.", ["result"])
DATABASE_POOL = Counter("forms_database_pool_events", "What the database pool did.", ["event"])
DATABASE_IN_USE = Gauge("forms_database_connections_in_use", "Connections handed out.", multiprocess_mode="livesum")
UNREADABLE = Counter("forms_unreadable_values", "Stored values that could not be decrypted, each once a process.")
HASHING_REFUSED = Counter("forms_password_hashing_refused", "Passwords not hashed because too many waited.")
SIGNUPS = Counter("forms_signups", "Sign-ups by what became of them.", ["result"])
DELIVERIES = Counter("forms_deliveries", "Attempts to send a message, by what became of them.", ["channel", "outcome"])
BACKLOG = Gauge("forms_outbox_backlog", "Messages that wait in the outbox.", multiprocess_mode="livemostrecent")
BACKLOG_SECONDS = Gauge(
    "forms_outbox_oldest_seconds",
    "How long the oldest message that is due has waited.",
    multiprocess_mode="livemostrecent",
)
