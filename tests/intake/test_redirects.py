"""Redirects after a form: back to its site, where the owner says, and nowhere else."""

import pytest

from forms_service.intake.origins import origin_of, resolve_redirect

SITE = "https://site.example"
LISTED = ("https://other.example/thanks?a=b", "https://other.example:8443/x")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/thanks", "https://site.example/thanks"),
        ("/thanks?x=1#y", "https://site.example/thanks?x=1#y"),
        ("/", "https://site.example/"),
        ("https://site.example/thanks", "https://site.example/thanks"),
        ("HTTPS://Site.Example:443/thanks", "HTTPS://Site.Example:443/thanks"),
        ("https://site.example", "https://site.example"),
        ("/dankesch\u00f6n", "https://site.example/dankesch%C3%B6n"),
        ("/a%20b", "https://site.example/a%20b"),
        ("/thank you.html", "https://site.example/thank%20you.html"),
        ("/@evil.example", "https://site.example/@evil.example"),
        *((url, url) for url in LISTED),
    ],
)
def test_back_to_the_site_or_to_what_is_listed(target: str, expected: str) -> None:
    assert resolve_redirect(target, site=SITE, allowed_urls=LISTED) == expected


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:\\\\evil.example",
        "https://evil.example",
        "http://site.example/thanks",
        "https://site.example:8443/thanks",
        "https://site.example.evil.example/",
        "https://site.example@evil.example/",
        "https://ann@site.example/",
        "https://ann:secret@site.example/",
        "https:evil.example",
        "https:///evil.example",
        "https:site.example/thanks",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://site.example/",
        "thanks.html",
        " /thanks",
        "/x\r\nSet-Cookie: a=b",
        "/x\tb",
        "/x\u2028y",
        "/\x00",
        "https://site.example\u2100evil.example/",
        "https://\uff53ite.example/",
        "https://site.example:99999/",
        "https://[::1/",
        "https://other.example/thanks",
        "https://other.example/thanks?a=b&next=evil",
    ],
)
def test_nowhere_else(target: str | None) -> None:
    assert resolve_redirect(target, site=SITE, allowed_urls=LISTED) is None


def test_a_path_leads_nowhere_when_nobody_knows_from_where_the_form_was_posted() -> None:
    assert resolve_redirect("/thanks", site=None, allowed_urls=()) is None
    assert resolve_redirect("https://site.example/", site=None, allowed_urls=()) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://site.example/page?x", "https://site.example"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("http://[::1]:80/x", "http://[::1]"),
        ("null", None),
        ("about:blank", None),
        (None, None),
    ],
)
def test_the_origin_of_a_page(url: str | None, expected: str | None) -> None:
    assert origin_of(url) == expected


IDN = "https://xn--mller-kva.example"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://m\u00fcller.example/danke", f"{IDN}/danke"),
        ("https://M\u00dcLLER.example//danke?a=\u00fc", f"{IDN}//danke?a=%C3%BC"),
        ("https://mu\u0308ller.example/danke", f"{IDN}/danke"),
        (f"{IDN}/danke", f"{IDN}/danke"),
        ("/danke", f"{IDN}/danke"),
    ],
)
def test_a_name_of_another_script_is_the_same_site_in_either_spelling(target: str, expected: str) -> None:
    assert resolve_redirect(target, site=IDN, allowed_urls=()) == expected
    assert (
        resolve_redirect(target if target != "/danke" else f"{IDN}/danke", site=None, allowed_urls=[expected])
        == expected
    )


@pytest.mark.parametrize(
    "target", ["https://m\u00fcller.example.evil.example/", "https://m\u00fcller.example\uff0f.evil.example/"]
)
def test_a_look_alike_of_a_name_of_another_script_is_none(target: str) -> None:
    assert resolve_redirect(target, site=IDN, allowed_urls=[f"{IDN}/danke"]) is None
