"""How a form behaves (scaffold: h4 builds it)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Blocklist:
    """What marks a submission as spam."""

    words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormSettings:
    """The settings of a form."""

    allowed_origins: tuple[str, ...] = ()
    unknown_fields: str = "keep"
    honeypot: str | None = None
    challenge: str = "none"
    challenge_site_key: str | None = None
    challenge_secret: str | None = field(default=None, repr=False)
    blocklist: Blocklist = Blocklist()
