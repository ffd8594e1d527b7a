"""Points of Mozilla's HTTP Observatory (version 6) for an answer."""

from html.parser import HTMLParser

from werkzeug.test import TestResponse

POINTS = {
    "csp-implemented-with-no-unsafe-default-src-none": 10,
    "csp-implemented-with-no-unsafe": 5,
    "csp-not-implemented": -25,
    "csp-implemented-with-unsafe-inline": -20,
    "cookies-secure-with-httponly-sessions-and-samesite": 5,
    "cookies-without-secure-flag": -20,
    "cookies-session-without-httponly-flag": -30,
    "hsts-not-implemented": -20,
    "referrer-policy-private": 5,
    "x-frame-options-implemented-via-csp": 5,
    "x-frame-options-not-implemented": -20,
    "x-content-type-options-not-implemented": -5,
    "corp-implemented-with-same-origin": 10,
    "coep-implemented-with-require-corp": 10,
    "coop-implemented-with-same-origin": 10,
    "sri-implemented-and-all-scripts-loaded-securely": 5,
}
"""Points of mdn-http-observatory, src/grader/charts.js; bonuses count from 90 on."""


class Scripts(HTMLParser):
    """The scripts of a page, by whether each has a hash to be held against."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hashed: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.hashed.append(bool(dict(attrs).get("integrity")))


def policy_findings(policy: dict[str, list[str]]) -> set[str]:
    framed = "x-frame-options-implemented-via-csp" if policy.get("frame-ancestors") == ["'none'"] else "unframed"
    if not policy:
        return {"csp-not-implemented"}
    if any(source.startswith("'unsafe") for sources in policy.values() for source in sources):
        return {"csp-implemented-with-unsafe-inline", framed}
    strict = "-default-src-none" if policy["default-src"] == ["'none'"] else ""
    return {f"csp-implemented-with-no-unsafe{strict}", framed}


def cookie_findings(cookies: list[str]) -> set[str]:
    """All cookies that a browser holds are sessions here."""
    if not cookies:
        return set()
    flags = [{flag.strip().lower() for flag in cookie.split(";")[1:]} for cookie in cookies]
    if not all("secure" in held for held in flags):
        return {"cookies-without-secure-flag"}
    if not all("httponly" in held for held in flags):
        return {"cookies-session-without-httponly-flag"}
    is_strict = all(held & {"samesite=lax", "samesite=strict"} for held in flags)
    return {"cookies-secure-with-httponly-sessions-and-samesite"} if is_strict else set()


def findings(answer: TestResponse, cookies: list[str]) -> set[str]:
    headers = answer.headers
    parts = [part.split() for part in headers.get("Content-Security-Policy", "").split(";") if part]
    names = policy_findings({name: sources for name, *sources in parts})
    if "X-Frame-Options" not in headers:
        names.add("x-frame-options-not-implemented")
    if headers.get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains":
        names.add("hsts-not-implemented")
    if headers.get("X-Content-Type-Options") != "nosniff":
        names.add("x-content-type-options-not-implemented")
    if headers.get("Referrer-Policy") in ("no-referrer", "same-origin", "strict-origin-when-cross-origin"):
        names.add("referrer-policy-private")
    for kind, value in (("Resource", "same-origin"), ("Opener", "same-origin"), ("Embedder", "require-corp")):
        if headers.get(f"Cross-Origin-{kind}-Policy") == value:
            names.add(f"co{kind[0].lower()}p-implemented-with-{value}")
    names |= cookie_findings(cookies)
    scripts = Scripts(answer.text).hashed if answer.mimetype == "text/html" else []
    if scripts and all(scripts):
        names.add("sri-implemented-and-all-scripts-loaded-securely")
    return names


def points(answer: TestResponse, cookies: list[str] | None = None) -> int:
    """The score of an answer to a browser that was sent those `Set-Cookie` headers."""
    changes = [POINTS.get(name, 0) for name in findings(answer, cookies or [])]
    score = 100 + sum(number for number in changes if number < 0)
    return score + sum(number for number in changes if number > 0) if score >= 90 else score
