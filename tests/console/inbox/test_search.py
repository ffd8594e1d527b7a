"""The search page: what is typed is in no URL, and it goes on where the time was over."""

import html
import re

import pytest
from flask import Flask

from forms_service.inbox import search
from tests.console.inbox.conftest import rows
from tests.support.console import Visitor
from tests.support.stored import submit


def find(visitor: Visitor, form: str, q: str, query: str = "", **more: str) -> str:
    path = f"/console/forms/{form}/search{query}"
    return visitor.post(path, {"csrf_token": visitor.token(path), "q": q, **more}).text


def test_matches_are_listed_and_nobody_is_named_in_an_address(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    match = submit(app_on_each_db, form, {"name": "Zoë Müller", "message": "Hi"})
    submit(app_on_each_db, form, {"name": "Ann"})
    submit(app_on_each_db, form, {"name": "Zoë Müller"}, status="spam")
    text = find(signed_in, form, "muller")
    assert rows(text) == [match]
    assert 'Matches for “<span dir="auto">muller</span>”' in text
    assert not [url for url in re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', text) if "muller" in url.lower()]
    assert len(rows(find(signed_in, form, "muller", "?status=spam"))) == 1
    assert 'Nothing contains “<span dir="auto">nobody</span>”' in find(signed_in, form, "nobody")


def test_it_continues_where_the_time_was_over(
    app_on_each_db: Flask, form: str, signed_in: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = submit(app_on_each_db, form, {"name": "Zoë"})
    submit(app_on_each_db, form, {"name": "Ann"})
    monkeypatch.setattr(search, "MAX_SECONDS", -1)
    monkeypatch.setattr("forms_service.submissions.queries.BATCH_SIZE", 1)
    text = find(signed_in, form, "zoe")
    assert rows(text) == []
    assert "There are older submissions" in text
    cursor = re.search(r'name="cursor" value="([^"]+)"', text)
    assert cursor
    text = find(signed_in, form, "zoe", cursor=html.unescape(cursor[1]))
    assert rows(text) == [old]
    assert "Older matches" in text


def test_a_blank_search_says_what_is_missing(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    text = find(signed_in, form, " ")
    assert 'id="q-wrong">Must not be empty.' in text
    assert "Type a word" in signed_in.get(f"/console/forms/{form}/search").text
