"""Reserved field names with a special meaning, also those of other form services."""

REDIRECT = ("_next", "redirect", "redirectTo")
HONEYPOTS = ("_gotcha", "_honey", "botcheck", "honeypot", "bot-field")
REPLY_TO = ("_replyto", "replyto", "replyTo")
SUBJECT = ("_subject",)
"""Also `subject`, if the form has no field of that name."""

LANGUAGE = ("_language",)
CHARSET = ("_charset_",)
"""HTML's own: the encoding of the form, applied when the body is read."""

CONTROL = (
    "_cc",
    "ccemail",
    "_webhook",
    "access_key",
    "accessKey",
    "apiKey",
    "form-name",
    "from_name",
    "_captcha",
    "_template",
    "_autoresponse",
    "_blacklist",
    "_format",
    "_url",
)
WORDS = (*REPLY_TO, *SUBJECT, "subject", "from_name", "_cc", "ccemail")
"""Special names whose values are written by people, so they are shown with the data."""

CHALLENGE_TOKENS = ("altcha", "cf-turnstile-response", "h-captcha-response", "g-recaptcha-response")
STARTED = "_started"
"""Signed time at which the hosted page was shown."""

BACK = "_back"
"""Signed redirect target of a re-displayed form."""

RESERVED = frozenset(
    (*REDIRECT, *HONEYPOTS, *REPLY_TO, *SUBJECT, *LANGUAGE, *CHARSET, *CONTROL, *CHALLENGE_TOKENS, STARTED, BACK)
)
"""Names that never reach the data, so no field may have them."""
