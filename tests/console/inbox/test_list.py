"""The list of submissions: folders, counts, dates, pages, and what it says when nothing is there."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from forms_service.accounts.models import Account
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.inbox import service
from forms_service.submissions import counts
from tests.console.inbox.conftest import rows
from tests.support.console import Visitor
from tests.support.stored import submit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def folders(text: str) -> dict[str, str]:
    navigation = text.partition('<nav id="folders"')[2].partition("</nav>")[0]
    return dict(re.findall(r'>(\w+)(?: <span class="count">([^<]*)</span>)?</a>', navigation))


def test_unread_ones_are_counted_in_the_title_and_marked_by_more_than_colour(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    ids = [submit(app_on_each_db, form, read=number > 1) for number in range(4)]
    text = signed_in.get(f"/console/forms/{form}").text
    assert "<title>(2) Inbox – Contact – " in text
    assert text.count('<li class="unread">') == text.count(">new</span>") == 2
    text = signed_in.get(f"/console/submissions/{ids[0]}").text
    assert re.search(r"<title>\(1\) \w{5}-\w{5} – Contact – ", text)
    assert rows(text) == ids[::-1]  # the list stands beside it
    assert text.count('aria-current="true"') >= 1


def test_folders_have_counts_and_spam_says_how_long_it_waits(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    path = f"/console/forms/{form}"
    assert "spam waiting" not in signed_in.get(path).text
    for status, number in (("inbox", 2), ("archived", 1), ("spam", 12)):
        for age in range(number):
            sent = now() - timedelta(days=3, hours=1 - age / 60)
            submit(app_on_each_db, form, status=status, created_at=sent)
    text = signed_in.get(path).text
    assert folders(text) == {"Inbox": "2", "Archive": "1", "Spam": "12"}
    assert "12 spam waiting</a>, the oldest for 3 days" in text
    submit(app_on_each_db, form, status="unconfirmed")
    text = signed_in.get(f"{path}?status=spam").text
    assert folders(text)["Unconfirmed"] == "1"
    assert "<title>(2) Spam – Contact" in text


def test_counts_of_many_are_cut_off(
    app_on_each_db: Flask, form: str, signed_in: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MAX_COUNTED", 4)
    for number in range(6):
        submit(app_on_each_db, form, read=number % 2 == 0, created_at=NOON + timedelta(hours=number))
    text = signed_in.get(f"/console/forms/{form}").text
    assert folders(text)["Inbox"] == "3+"
    assert "<title>(3+) Inbox" in text  # of the newest five


def test_rare_unread_ones_are_looked_for_page_by_page(
    app_on_each_db: Flask, form: str, signed_in: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SCANNED", 3)
    ids = [
        submit(app_on_each_db, form, read=number > 0, created_at=NOON + timedelta(hours=number)) for number in range(5)
    ]
    text = signed_in.get(f"/console/forms/{form}?unread=true").text
    assert rows(text) == []
    assert "None among the newest" in text
    older = re.search(r'href="([^"]*cursor=[^"]*)">Older', text)
    assert older
    assert rows(signed_in.get(older[1].replace("&amp;", "&")).text) == ids[:1]


def test_days_are_those_of_the_accounts_zone(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    with app_on_each_db.app_context(), write_session():
        db.session.execute(update(Account).values(timezone="Asia/Tokyo"))
        db.session.commit()
    late = submit(app_on_each_db, form, created_at=NOON + timedelta(hours=4))  # 01:00 of the next day there
    submit(app_on_each_db, form, created_at=NOON)
    text = signed_in.get(f"/console/forms/{form}?status=&unread=&since=2026-03-02&until=2026-03-02").text
    assert rows(text) == [late]
    assert "2026-03-02 01:00" in text
    assert 'name="since" type="date" value="2026-03-02"' in text
    assert rows(signed_in.get(f"/console/forms/{form}?until=2026-02-28").text) == []


def test_a_mails_link_to_an_older_submission_shows_the_list_from_there(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    ids = [submit(app_on_each_db, form, created_at=NOON + timedelta(minutes=number)) for number in range(30)]
    text = signed_in.get(f"/console/submissions/{ids[2]}").text
    assert rows(text) == ids[2::-1]
    assert ">Newest</a>" in text
    neighbours = re.findall(
        r"/console/submissions/([0-9a-f-]{36})", text.partition('id="detail"')[2].partition("</nav>")[0]
    )
    assert [neighbours[0], neighbours[2]] == [ids[3], ids[1]]
    archived = submit(app_on_each_db, form, status="archived")
    assert rows(signed_in.get(f"/console/submissions/{archived}").text) == [archived]


def test_neighbours_keep_to_the_filter(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    ids = [
        submit(app_on_each_db, form, read=number == 2, created_at=NOON + timedelta(minutes=number))
        for number in range(5)
    ]
    text = signed_in.get(f"/console/submissions/{ids[3]}?unread=true").text
    links = re.findall(r'href="/console/submissions/([0-9a-f-]{36})\?unread=true"[^>]*>(?:\w| )+</a>', text)
    assert links == [ids[4], ids[1], ids[1]]  # previous, next, next unread


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Nothing has been sent yet"),
        ("?since=2026-03-02", "Nothing matches this filter"),
        ("?status=spam", "Nothing has been sent yet"),
    ],
)
def test_an_empty_form_says_what_comes(
    app_on_each_db: Flask, form: str, signed_in: Visitor, query: str, words: str
) -> None:
    text = signed_in.get(f"/console/forms/{form}{query}").text
    assert words in text
    assert 'name="ids"' not in text


def test_an_empty_folder_says_so_kindly(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submit(app_on_each_db, form, status="archived")
    assert "All done" in signed_in.get(f"/console/forms/{form}").text
    assert "No spam." in signed_in.get(f"/console/forms/{form}?status=spam").text
    submit(app_on_each_db, form)
    assert "The archive is empty" not in signed_in.get(f"/console/forms/{form}?status=archived").text
