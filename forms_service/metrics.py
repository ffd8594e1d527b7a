"""Prometheus metrics, shown by `health/`. Labels are names, never personal data."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("forms_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "forms_http_request_duration_seconds",
    "Time from the first byte of a request to its response.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
RATE_LIMITED = Counter("forms_rate_limited", "Requests refused by a rate limit.", ["limit"])
REFUSED = Counter("forms_requests_refused", "Requests refused unread, because more arrive than can be served.")
REDIS_FAILURES = Counter("forms_redis_failures", "Calls that fell back because Redis was unavailable.")
REDIS_AWAY = Gauge("forms_redis_away", "1 while Redis is unavailable to a process.", multiprocess_mode="livemax")
LIMITS_IN_MEMORY = Gauge(
    "forms_limits_in_memory",
    "1 while the database of a process's rate limits is unavailable.",
    multiprocess_mode="livemax",
)
CACHE_LOOKUPS = Counter("forms_cache_lookups", "Cache lookups, by result.", ["result"])
FORM_LOOKUPS = Counter("forms_form_cache_lookups", "Form lookups in the process's memory, by result.", ["result"])
FILE_STORE_FAILURES = Counter("forms_file_store_failures", "Failed requests to the S3-compatible store of files.")
FILE_STORE_AWAY = Gauge(
    "forms_file_store_away", "1 while the S3-compatible store is unavailable to a process.", multiprocess_mode="livemax"
)
FILES_SCANNED = Counter("forms_files_scanned", "Files given to the virus scanner, by verdict.", ["verdict"])
SCANNER_AWAY = Gauge(
    "forms_scanner_away", "1 while the virus scanner is unavailable to a process.", multiprocess_mode="livemax"
)
DATABASE_POOL = Counter("forms_database_pool_events", "Events of the database pool.", ["event"])
DATABASE_IN_USE = Gauge(
    "forms_database_connections_in_use", "Connections checked out of the database pool.", multiprocess_mode="livesum"
)
UNREADABLE = Counter("forms_unreadable_values", "Stored values that could not be decrypted, once per process.")
HASHING_REFUSED = Counter("forms_password_hashing_refused", "Passwords not hashed because too many were waiting.")
SIGN_INS = Counter("forms_sign_ins", "Sign-ins by password, by result.", ["result"])
SIGNUPS = Counter("forms_signups", "Sign-ups, by outcome.", ["result"])
DELIVERIES = Counter("forms_deliveries", "Attempts to send a message, by outcome.", ["channel", "outcome"])
SUPPRESSIONS = Gauge(
    "forms_suppressed_addresses", "Addresses that get no mail.", ["reason"], multiprocess_mode="livemostrecent"
)
BACKLOG = Gauge("forms_outbox_backlog", "Messages waiting in the outbox.", multiprocess_mode="livemostrecent")
BACKLOG_SECONDS = Gauge(
    "forms_outbox_oldest_seconds",
    "Seconds that the oldest due message has waited.",
    multiprocess_mode="livemostrecent",
)
READY = Gauge(
    "forms_ready", "1 while the service accepts submissions, as /health/ready says.", multiprocess_mode="livemostrecent"
)
DISK_FREE = Gauge(
    "forms_disk_free_ratio", "Free share of the disk that holds INSTANCE_PATH.", multiprocess_mode="livemostrecent"
)
