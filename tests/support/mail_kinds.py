"""Values of the mails about recipients, replies and webhooks, with what is hard to show."""

from typing import Any

from tests.support.sample_mails import LONG_WORD

TYPED = "<script>alert(1)</script> {{7*7}} {name} &amp; <b>bold</b>"
NAME = f"Summer <i>academy</i> {LONG_WORD}"
SITE = "https://forms.example.com"
LINK = f"{SITE}/f/AbCdEfGhIjKlMnOp/confirm?token=" + "x" * 43
UNSUBSCRIBE = f"{SITE}/recipients/unsubscribe?token=" + "x" * 54
ENDPOINT = {
    "host": "hooks.example.com",
    "form": NAME,
    "description": TYPED,
    "reason": f"500 {TYPED}",
    "since": "2026-11-28 09:02 UTC",
    "link": f"{SITE}/console/forms/AbCdEfGhIjKlMnOp/webhooks/01890a5d-ac96-774b-bcce-b302099a8057",
}
CAP = {"form": NAME, "count": 60, "minutes": 60, "link": f"{SITE}/console/forms/AbCdEfGhIjKlMnOp/notifications"}
ITEM = {
    "reference": "7K3QX-9FMT2",
    "moment": "2026-11-28 09:02",
    "sender": "ann@example.com",
    "line": TYPED,
    "link": f"{SITE}/console/submissions/01a221b8-db67-77db-9801-8befb7718837",
}

KINDS: dict[str, dict[str, Any]] = {
    "invitation": {
        "form": NAME,
        "inviter": "olga@example.com",
        "role": "editor",
        "link": f"{SITE}/console/invitation?token=" + "x" * 43,
        "signup": f"{SITE}/signup",
    },
    "opt_in": {
        "subject": "Please confirm",
        "text": f"Dear {TYPED},\n\n  please open {LINK} to confirm.\n\nIf you did not send this, ignore this mail.",
        "link": LINK,
    },
    "opt_in_limit": CAP,
    "recipient_confirm": {"form": NAME, "owner": "olga@example.com", "link": LINK, "_unsubscribe": UNSUBSCRIBE},
    "recipient_digest": {
        "form": NAME,
        "count": 53,
        "items": [ITEM, {**ITEM, "sender": "", "line": LONG_WORD * 2}, {**ITEM, "line": ""}],
        "more": 50,
        "spam": 2,
        "moment": "2026-11-28 09:02",
        "timezone": "Europe/Vienna",
        "link": f"{SITE}/api/forms/AbCdEfGhIjKlMnOp/submissions",
        "_unsubscribe": UNSUBSCRIBE,
    },
    "replies_off": CAP,
    "reply": {
        "subject": "We got your message",
        "text": f"Dear {TYPED},\n\nwe answer soon.",
        "lines": [["Your name", TYPED], ["الاسم", "محمد\n  بن"], [LONG_WORD, LONG_WORD * 2]],
        "withdraw": LINK,
    },
    "webhook_failing": {**ENDPOINT, "is_last": False},
    "webhook_off": ENDPOINT,
    "withdrawn": {"form": NAME, "reference": "7K3QX-9FMT2"},
}
"""Kind → values."""
