"""What visitors typed, in mails to other people."""

import pytest

from forms_service.replies.excluded_addresses import mailbox_key
from forms_service.replies.quotation import disarm


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("https://evil.example/a?b=c.d", "https[:]//evil[.]example/a?b=c.d"),
        ("HTTP://EVIL.EXAMPLE", "HTTP[:]//EVIL[.]EXAMPLE"),
        ("www.1and1.com", "www[.]1and1[.]com"),
        ("evil.example", "evil[.]example"),
        ("a.b.evil.co.uk", "a.b[.]evil[.]co[.]uk"),
        ("ann@evil.example", "ann@evil[.]example"),
        ("mailto:ann@evil.example", "mailto:ann@evil[.]example"),
        ("пример.рф", "пример[.]рф"),
        ("例え。テスト", "例え[.]テスト"),
        ("evil．example", "evil[.]example"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd[.]xn--p1ai"),
        ("ftp://127.0.0.1/", "ftp[:]//127.0.0.1/"),
    ],
)
def test_no_link_stays_one(typed: str, quoted: str) -> None:
    assert disarm(typed) == quoted


@pytest.mark.parametrize("typed", ["3.14 and 1.000,50", "Hello. How are you?", "e. g. at 9:30", "…", "a/b", ""])
def test_other_text_stays(typed: str) -> None:
    assert disarm(typed) == typed


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Ann+shop@Example.com", "ann@example.com"),
        ("a.n.n+x@googlemail.com", "ann@gmail.com"),
        ("a.n.n@example.com", "a.n.n@example.com"),
        ("+x@example.com", "+x@example.com"),
    ],
)
def test_spellings_of_a_mailbox_count_as_one(address: str, key: str) -> None:
    assert mailbox_key(address) == key
