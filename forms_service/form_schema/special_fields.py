"""The names that mean something of their own in what a page sends, in the words of several form services."""

REDIRECT = ("_next", "redirect", "redirectTo")
HONEYPOTS = ("_gotcha", "_honey", "botcheck", "honeypot", "bot-field")
REPLY_TO = ("_replyto", "replyto", "replyTo")
SUBJECT = ("_subject",)
"""And `subject`, where the form has no field of that name."""

LANGUAGE = ("_language",)
CHARSET = ("_charset_",)
"""HTML's own: the encoding of the form, heeded when the body is read."""

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
"""Special names whose values people write: they are shown with the data."""

CHALLENGE_TOKENS = ("altcha", "cf-turnstile-response", "h-captcha-response", "g-recaptcha-response")
STARTED = "_started"
"""When the hosted page was asked for, signed."""

BACK = "_back"
"""Where a form that is shown again leads at last, signed."""

RESERVED = frozenset(
    (*REDIRECT, *HONEYPOTS, *REPLY_TO, *SUBJECT, *LANGUAGE, *CHARSET, *CONTROL, *CHALLENGE_TOKENS, STARTED, BACK)
)
"""Names that never reach a form's data, so that no field may have them."""
