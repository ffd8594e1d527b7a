"""Pages of the console: what they show of a submission, to whom, and what their buttons do."""

import json
import re
import uuid
from typing import Any

import pytest
from flask import Flask

from tests.conftest import KeyOf
from tests.support.console import Visitor
from tests.support.notification_mails import enqueue
from tests.support.stored import attach, make_form, submit

TYPED = '<script>alert(1)</script>\r\n"><img src=x onerror=alert(1)> {{7*7}} javascript:alert(1)'
FIELDS = [
    {"name": "name", "type": "text", "label": "Your name"},
    {"name": "size", "type": "select", "label": "Size", "choices": [{"value": "xl", "label": "Extra large"}]},
    {"name": "email", "type": "email", "label": "E-mail"},
    {"name": "message", "type": "textarea", "label": "Message"},
]


def page_of(submission_id: str) -> str:
    return f"/console/submissions/{submission_id}"


def test_every_page_is_for_who_is_signed_in(app_on_each_db: Flask) -> None:
    visitor, pages = Visitor(app_on_each_db), 0
    for rule in app_on_each_db.url_map.iter_rules():
        if not rule.rule.startswith("/console") or rule.rule == "/console/sign-in":
            continue
        names = {"form_id": "x" * 16, "number": 1}
        values = {name: names.get(name, uuid.uuid4()) for name in rule.arguments}
        path = app_on_each_db.url_map.bind("localhost").build(rule.endpoint, values, next(iter(rule.methods or ())))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            pages += 1
            answer = visitor.client.open(path, method=method)
            assert answer.status_code == 303, (method, path)
            assert answer.headers["Location"].startswith("/console/sign-in"), (method, path)
    assert pages >= 6


class TestSubmission:
    """The page that a mail leads to."""

    def test_shows_values_under_their_labels_in_the_forms_order(
        self, app_on_each_db: Flask, signed_in: Visitor
    ) -> None:
        form = make_form(app_on_each_db, "owner@example.com", FIELDS)
        data = {"message": "Hello\nthere", "email": "ann@example.com", "name": "Ann", "size": "xl", "more": "x"}
        text = signed_in.get(page_of(submit(app_on_each_db, form, data))).text
        shown = re.findall(r'<d[td] dir="auto">([^<]*)</d[td]>', text)
        values = {"Your name": "Ann", "Size": "Extra large", "E-mail": "ann@example.com", "Message": "Hello\nthere"}
        assert shown == [part for pair in ({**values, "more": "x"}).items() for part in pair]
        assert 'href="mailto:ann%40example.com"' in text

    def test_shows_what_was_typed_as_text(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        control = json.dumps({"_subject": TYPED})
        submission = submit(app_on_each_db, form, {"message": TYPED, TYPED: TYPED}, control=control)
        attach(app_on_each_db, submission, TYPED, b"x", field=TYPED)
        answer = signed_in.get(page_of(submission))
        for text in (answer.text, signed_in.get(f"/console/forms/{form}").text):
            assert "<script>" not in text
            assert "<img" not in text
            assert "{{7*7}}" in text
            assert 'href="javascript' not in text
        policy = answer.headers["Content-Security-Policy"]
        assert re.match(r"default-src 'none'; script-src 'nonce-[\w-]{22}'; style-src 'self'; ", policy)
        assert "require-trusted-types-for 'script'; trusted-types htmx" in policy
        assert answer.headers["Cache-Control"] == "no-store"

    def test_is_read_when_it_is_opened(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        page = page_of(submit(app_on_each_db, form))
        listed = f"/console/forms/{form}"
        signed_in.client.head(page, base_url=signed_in.origin)
        signed_in.get(page, **{"Sec-Purpose": "prefetch;prerender"})
        assert ">new</span>" in signed_in.get(listed).text
        assert "inbox, read" in signed_in.get(f"{page}?utm_source=gateway").text
        assert ">new</span>" not in signed_in.get(listed).text
        assert signed_in.press(page, "unread").headers["Location"].startswith(f"{listed}?at=")
        assert ">new</span>" in signed_in.get(listed).text

    def test_moves_between_the_folders(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        page = page_of(submit(app_on_each_db, form, status="spam", spam_reasons="honeypot"))
        text = signed_in.get(page).text
        assert "honeypot" in text
        for action, status in (("inbox", "inbox"), ("archive", "archived"), ("inbox", "inbox"), ("spam", "spam")):
            assert f'value="{action}"' in signed_in.get(page).text
            assert signed_in.press(page, action).headers["Location"].startswith(f"/console/forms/{form}")
            assert f"{status}, read" in signed_in.get(page).text
        assert signed_in.press(page, "explode").status_code == 422

    def test_is_deleted_after_a_question(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        page = page_of(submit(app_on_each_db, form))
        detail = signed_in.get(page).text.partition('id="detail"')[2]
        assert 0 < detail.index(">Delete…</summary>") < detail.index('value="delete"')
        assert signed_in.press(page, "delete").headers["Location"] == f"/console/forms/{form}?done=deleted"
        assert signed_in.get(page).status_code == 404

    def test_shows_its_deliveries(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        submission = submit(app_on_each_db, form)
        other = submit(app_on_each_db, form)
        enqueue(app_on_each_db, form, submission)
        assert (
            "mail, notification to owner@example.com: <strong>waiting</strong>"
            in signed_in.get(page_of(submission)).text
        )
        assert "<h3>Deliveries" not in signed_in.get(page_of(other)).text


class TestFile:
    """Files leave as downloads."""

    def test_is_an_attachment_that_no_browser_renders(
        self, app_on_each_db: Flask, form: str, signed_in: Visitor
    ) -> None:
        submission = submit(app_on_each_db, form)
        attach(app_on_each_db, submission, "cv.pdf", b"<script>alert(1)</script>")
        answer = signed_in.get(f"{page_of(submission)}/files/1")
        assert answer.data == b"<script>alert(1)</script>"
        assert answer.headers["Content-Disposition"] == "attachment; filename=cv.pdf"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert signed_in.get(f"{page_of(submission)}/files/2").status_code == 404

    def test_is_reached_from_a_mail_by_the_page_of_its_submission(
        self, app_on_each_db: Flask, form: str, visitor: Visitor
    ) -> None:
        submission = submit(app_on_each_db, form)
        attach(app_on_each_db, submission, "cv.pdf", b"x")
        answer = visitor.get(f"{page_of(submission)}/files/1")
        assert answer.headers["Location"] == f"/console/sign-in?next={page_of(submission)}?download%3D1"
        page = visitor.sign_in(next_path=f"{page_of(submission)}?download=1").headers["Location"]
        assert f'http-equiv="refresh" content="0; url={page_of(submission)}/files/1"' in visitor.get(page).text
        assert "refresh" not in visitor.get(f"{page_of(submission)}?download=2").text


class TestOthers:
    """What a stranger, an operator and an account without forms get."""

    @pytest.fixture
    def pages(self, app_on_each_db: Flask, form: str) -> list[str]:
        submission = submit(app_on_each_db, form)
        attach(app_on_each_db, submission, "cv.pdf", b"x")
        return [f"/console/forms/{form}", page_of(submission), f"{page_of(submission)}/files/1"]

    def stranger(self, app: Flask, key_of: KeyOf, role: str) -> Visitor:
        key_of(app, f"{role}@other.example", role=role)
        visitor = Visitor(app)
        visitor.sign_in(f"{role}@other.example")
        return visitor

    def test_a_stranger_gets_404(self, app_on_each_db: Flask, key_of: KeyOf, pages: list[str]) -> None:
        stranger = self.stranger(app_on_each_db, key_of, "owner")
        assert [stranger.get(page).status_code for page in pages] == [404] * 3
        missing = stranger.get(page_of(str(uuid.uuid4())))
        without_id = [re.sub("<code>.*?</code>", "", answer.text) for answer in (missing, stranger.get(pages[1]))]
        assert without_id[0] == without_id[1]
        token = stranger.token("/console")
        for action in ("archive", "delete"):
            answer = stranger.post(pages[1], {"action": action, "csrf_token": token})
            assert answer.status_code == 404
        assert "Contact" not in stranger.get("/console").text

    def test_an_operator_sees_all(self, app_on_each_db: Flask, key_of: KeyOf, pages: list[str]) -> None:
        operator = self.stranger(app_on_each_db, key_of, "operator")
        assert [operator.get(page).status_code for page in pages] == [200] * 3
        assert "inbox, unread" in operator.get(pages[1]).text  # it is new for its owner

    def test_an_account_without_forms_is_told_why(self, app_on_each_db: Flask, key_of: KeyOf, pages: list[str]) -> None:
        user = self.stranger(app_on_each_db, key_of, "user")
        assert [user.get(page).status_code for page in pages] == [404] * 3
        answer = user.get("/console")
        assert answer.status_code == 200
        assert "ask the operator" in answer.text
        assert user.post("/console/sign-out", {"csrf_token": user.token("/console")}).status_code == 303


class TestLists:
    """The forms, and the inbox of each."""

    def test_the_forms_show_what_waits(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        empty = make_form(app_on_each_db)
        for values in ({}, {"read": True}, {"status": "spam"}, {"status": "archived"}):
            submit(app_on_each_db, form, **values)
        text = signed_in.get("/console").text
        rows: list[Any] = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", text, re.S)
        plain = {re.findall('forms/([^"?]+)', row)[0]: re.findall(r">(\d+|none yet|\d{4}-[^<]*)<", row) for row in rows}
        assert plain[form][:2] == ["1", "1"]
        assert plain[form][2].startswith("20")
        assert plain[empty] == ["0", "0", "none yet"]

    def test_an_inbox_is_newest_first_by_status_and_page(
        self, app_on_each_db: Flask, form: str, signed_in: Visitor
    ) -> None:
        ids = [submit(app_on_each_db, form, {"email": f"a{n}@example.com", "message": "Hello"}) for n in range(3)]
        spam = submit(app_on_each_db, form, status="spam")
        path = f"/console/forms/{form}?limit=2"
        text = signed_in.get(path).text
        assert re.findall(r'href="/console/submissions/([0-9a-f-]+)', text) == ids[:0:-1]
        assert "a2@example.com" in text
        assert 'Spam <span class="count">1</span>' in text
        older = re.search(r'href="([^"]*cursor=[^"]*)">Older', text)
        assert older
        assert ids[0] in signed_in.get(older[1].replace("&amp;", "&")).text
        assert spam in signed_in.get(f"/console/forms/{form}?status=spam").text
        assert signed_in.get(f"/console/forms/{form}?status=nonsense").status_code == 422
