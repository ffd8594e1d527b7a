"""Search over the encrypted values, and the counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.inbox import search
from forms_service.inbox.folded_text import fold
from forms_service.submissions import queries
from tests.conftest import KeyOf
from tests.support.stored import make_form, submit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def search_ids(client: FlaskClient, headers: dict[str, str], form: str, q: str, **more: Any) -> list[str]:
    answer = client.post(f"/api/forms/{form}/submissions/search", headers=headers, json={"q": q, **more})
    assert answer.status_code == 200, answer.json
    return [submission["id"] for submission in answer.json["data"]]


def test_finds_a_part_of_any_value_however_it_is_written(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    street = submit(app_on_each_db, form, {"address": "Große Straße 5"})
    nested = submit(app_on_each_db, form, {"tags": ["x", {"deep": "Ｆｕｌｌ width"}], "age": 4711, "ok": True})
    quoted = submit(app_on_each_db, form, {"said": 'a "quote" \\ and\na line'})
    for q, hits in {
        "STRASSE": [street],
        "große": [street],
        "full": [nested],
        "471": [nested],
        "true": [nested],
        'A "QUOTE" \\': [quoted],
        "address": [],
        '":': [],
        "%": [],
    }.items():
        assert search_ids(client_on_each_db, owner, form, q) == hits, q


@pytest.mark.parametrize(
    "spellings",
    [
        ("Zoë", "zoe", "ZOE\u0308", "Zoé"),
        ("İstanbul", "istanbul", "ISTANBUL", "ıstanbul", "i\u0307stanbul"),
        ("Søren Łukasz", "soren lukasz", "SØREN ŁUKASZ"),
        ("Große Ｓtraße", "grosse strasse", "GROẞE STRASSE"),
        ("Ærø", "aero", "ÆRØ"),
        ("Ἀθῆναι", "αθηναι", "ΑΘΗΝΑΙ"),
        ("Йога", "йога", "иога"),
        ("مُحَمَّد", "محمد"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
        ("ｶﾞ", "ガ", "カ\u3099"),
        ("ﬁn", "fin", "FIN"),
        ("O\u2019Neil", "o'neil", "O\u02bcNEIL"),
        ("\u201eJa\u201c \u2013 nein", '"ja" - nein'),
        ("zero\u200bwidth\ufeff", "zerowidth", "zero\u00adwidth"),
    ],
)
def test_accents_and_letter_cases_are_the_same_both_ways(
    shared_app: Flask, shared_owner: dict[str, str], spellings: tuple[str, ...]
) -> None:
    form, client = make_form(shared_app), shared_app.test_client()
    submission_ids = [submit(shared_app, form, {"name": f"Dear {spelling}!"}) for spelling in spellings]
    for spelling in spellings:
        assert search_ids(client, shared_owner, form, spelling) == submission_ids[::-1], spelling


def test_marks_that_make_another_letter_are_no_accents(shared_app: Flask, shared_owner: dict[str, str]) -> None:
    form, client = make_form(shared_app), shared_app.test_client()
    submit(shared_app, form, {"name": "がき"})
    submit(shared_app, form, {"name": "कि"})
    assert search_ids(client, shared_owner, form, "\u0301") == []
    assert search_ids(client, shared_owner, form, "かき") == search_ids(client, shared_owner, form, "कु") == []


def test_a_search_through_many_marks_takes_linear_time() -> None:
    assert fold("e" + "\u0301\u0315" * 500_000) == "e"
    assert len(fold("\u09cd\u3099" * 100_000)) == 200_000


def test_searches_what_the_filters_leave(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    old = submit(app_on_each_db, form, created_at=NOON)
    new = submit(app_on_each_db, form, created_at=NOON + timedelta(days=2))
    spam = submit(app_on_each_db, form, status="spam")
    assert search_ids(client_on_each_db, owner, form, "ann") == [new, old]
    assert search_ids(client_on_each_db, owner, form, "ann", status=["spam"]) == [spam]
    assert search_ids(client_on_each_db, owner, form, "ann", status="spam,inbox", until="2026-03-02T00:00:00Z") == [old]
    assert search_ids(client_on_each_db, owner, form, "ann", unread=False) == []


def test_hands_back_what_it_has_when_its_time_is_over(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    submission_ids = [
        submit(app_on_each_db, form, {"name": name}) for name in ("needle", "hay", "hay", "hay", "needle")
    ]
    monkeypatch.setattr(search, "MAX_SECONDS", 0)
    monkeypatch.setattr(queries, "BATCH_SIZE", 2)
    pages, cursor = [], None
    while not pages or cursor:
        body = {"q": "needle"} | ({"cursor": cursor} if cursor else {})
        answer = client_on_each_db.post(f"/api/forms/{form}/submissions/search", headers=owner, json=body).json
        pages.append([submission["id"] for submission in answer["data"]])
        cursor = answer["meta"]["next"]
    assert pages == [[submission_ids[4]], [], [submission_ids[0]], []]


def test_goes_on_behind_the_last_hit(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    submission_ids = [submit(app_on_each_db, form) for _ in range(3)]
    path = f"/api/forms/{form}/submissions/search"
    first = client_on_each_db.post(f"{path}?limit=2", headers=owner, json={"q": "ann"}).json
    assert [submission["id"] for submission in first["data"]] == submission_ids[:0:-1]
    rest = client_on_each_db.post(f"{path}?cursor={first['meta']['next']}", headers=owner, json={"q": "ann"}).json
    assert [submission["id"] for submission in rest["data"]] == submission_ids[:1]


@pytest.mark.parametrize("body", [{}, {"q": ""}, {"q": 1}, {"q": "x" * 201}, {"q": "x", "status": []}])
def test_a_search_says_for_what(
    shared_client: FlaskClient, shared_app: Flask, shared_owner: dict[str, str], body: dict[str, Any]
) -> None:
    answer = shared_client.post(
        f"/api/forms/{make_form(shared_app)}/submissions/search", headers=shared_owner, json=body
    )
    assert answer.status_code == 422


def test_counts_by_status_and_by_day(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    submit(app_on_each_db, form, created_at=NOON, read=True)
    submit(app_on_each_db, form, created_at=datetime(2026, 3, 2, 23, 59, 59, 999999, UTC))
    submit(app_on_each_db, form, created_at=datetime(2026, 3, 3, tzinfo=UTC), status="spam")
    query = {"since": "2026-03-01T20:00:00Z", "until": "2026-03-03T01:00:00Z"}
    answer = client_on_each_db.get(f"/api/forms/{form}/stats", headers=owner, query_string=query).json["data"]
    for part in ("refusals", "storage", "answers", "by_weekday", "by_hour"):  # they have tests of their own
        del answer[part]
    none = {"inbox": 0, "spam": 0, "archived": 0, "unconfirmed": 0}
    assert answer == {
        "total": 3,
        "unread": 1,
        "by_status": none | {"inbox": 2, "spam": 1},
        "by_day": [
            {"day": "2026-03-01"} | none | {"inbox": 1},
            {"day": "2026-03-02"} | none | {"inbox": 1},
            {"day": "2026-03-03"} | none | {"spam": 1},
        ],
    }
    days = client_on_each_db.get(f"/api/forms/{form}/stats", headers=owner).json["data"]["by_day"]
    assert (len(days), days[-1]["day"]) == (30, f"{datetime.now(UTC):%Y-%m-%d}")


def test_days_are_counted_in_a_time_zone_also_when_clocks_change(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    moments = ["28T22:59", "28T23:00", "29T21:59", "29T22:00", "30T21:59:59", "30T22:00"]  # of March, in UTC
    for moment in moments:
        submit(app_on_each_db, form, created_at=datetime.fromisoformat(f"2026-03-{moment}+00:00"))
    query = {"since": "2026-03-27", "until": "2026-03-31", "timezone": "Europe/Vienna"}
    days = client_on_each_db.get(f"/api/forms/{form}/stats", headers=owner, query_string=query).json["data"]["by_day"]
    assert [(day["day"][-2:], day["inbox"]) for day in days] == [("27", 0), ("28", 1), ("29", 2), ("30", 2), ("31", 1)]
    query = {"since": "2026-03-28", "until": "2026-03-30", "timezone": "Asia/Kathmandu"}  # 5:45 before UTC
    days = client_on_each_db.get(f"/api/forms/{form}/stats", headers=owner, query_string=query).json["data"]["by_day"]
    assert [day["inbox"] for day in days] == [0, 2, 2]


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "UTC"])
def test_days_at_the_ends_of_the_calendar_are_counted_in_any_zone(
    shared_client: FlaskClient, shared_app: Flask, shared_owner: dict[str, str], zone: str
) -> None:
    path = f"/api/forms/{make_form(shared_app)}/stats"
    for until in ("9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2011-12-31"):
        answer = shared_client.get(path, headers=shared_owner, query_string={"until": until, "timezone": zone})
        assert answer.status_code == 200, (until, answer.json)
    assert shared_client.get(path, headers=shared_owner, query_string={"timezone": "Mars"}).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2025-01-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"},
        {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"},
        {"since": "9999-12-31T23:59:59Z"},
    ],
)
def test_days_are_counted_for_a_year_at_most(
    shared_client: FlaskClient, shared_app: Flask, shared_owner: dict[str, str], query: dict[str, str]
) -> None:
    path = f"/api/forms/{make_form(shared_app)}/stats"
    assert shared_client.get(path, headers=shared_owner, query_string=query).json["codes"] == {
        "since": ["out_of_range"]
    }
    for until in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        assert shared_client.get(path, headers=shared_owner, query_string={"until": until}).status_code == 200
