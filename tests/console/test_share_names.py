"""The code of forms whose fields have odd names means these names."""

import shlex
from itertools import pairwise
from urllib.parse import parse_qsl, quote

from flask import Flask

from tests.console.test_share import code_of, share
from tests.support.console import Visitor
from tests.support.stored import OWNER, make_form

NAMES = ["a=b", "a&b", "a b", "@a", "ä", "it's", "a+b", "a%26", "-x", "$(id)", "`id`", 'a"b', "a[]", "<b>"]


def test_a_shell_and_curl_read_each_name_as_it_is(app_on_each_db: Flask, signed_in: Visitor) -> None:
    form = make_form(app_on_each_db, OWNER, [{"name": name, "type": "text"} for name in NAMES])
    words = shlex.split(code_of(signed_in.get(share(form, "curl")).text))
    options = [value for option, value in pairwise(words) if option == "--data-urlencode"]
    # as curl's manual says: what is before the first = is sent as it is
    pairs = [option.partition("=") for option in options]
    body = "&".join(f"{name}={quote(value)}" for name, _, value in pairs)
    assert parse_qsl(body) == [(name, "Example") for name in NAMES]


def test_with_files_no_name_makes_curl_read_another_file(app_on_each_db: Flask, signed_in: Visitor) -> None:
    texts = [{"name": name, "type": "text"} for name in NAMES]
    files = [{"name": name, "type": "file"} for name in ("cv", "cv=@/etc/passwd;x", "cv=</etc/passwd;x")]
    form = make_form(app_on_each_db, OWNER, [*texts, *files])
    words = shlex.split(code_of(signed_in.get(share(form, "curl")).text))
    parts = [(option, *value.split("=", 1)) for option, value in pairwise(words) if option in ("-F", "--form-string")]
    sent_texts = [("--form-string", name, "Example") for name in NAMES if "=" not in name]
    assert parts == [*sent_texts, ("-F", "cv", "@example.pdf")]
