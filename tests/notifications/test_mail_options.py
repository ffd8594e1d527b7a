"""What a recipient chooses: how much the mail shows, how files come, the time zone, and no mails any more."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from flask import Flask

from forms_service.notifications import mail_files
from forms_service.notifications.mail_options import MailOptions
from forms_service.notifications.submission_mail import format_time
from forms_service.validation.references import reference_of
from tests.notifications.conftest import Choose
from tests.support.definitions import PDF, PNG, PROGRAM, file_part, multipart, text_part
from tests.support.mails import html_of, text_of
from tests.support.notification_mails import enqueue, mail_about, sent_mail
from tests.support.stored import attach, submit
from tests.support.visitors import ANN, CONTACT, form_for, only

ALL = {"content": "full", "files": "link", "timezone": "UTC", "unsubscribe_url": None, "may_open": True}


def attached(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_payload(decode=True) for part in mail.iter_attachments()}  # type: ignore[misc]


def shown(mail: EmailMessage) -> str:
    """Both parts and all headers."""
    return "\n".join([text_of(mail), html_of(mail), *(f"{name}: {value}" for name, value in mail.items())])


def test_the_defaults_show_everything_and_link_files(app: Flask) -> None:
    assert vars(MailOptions()) == ALL


class TestContent:
    """`full`, `summary` or `none`."""

    def test_a_summary_has_each_value_on_one_short_line(self, app: Flask, choose: Choose) -> None:
        choose(content="summary")
        mail = mail_about(app, form_for(app, CONTACT), {**ANN, "message": "Hello,\r\nworld! " + "x" * 500})
        cut = "Hello, world! " + "x" * 65 + "…"
        assert f"\nMessage:\n  {cut}\n" in text_of(mail)
        assert f">{cut}</p>" in html_of(mail)
        for part in (text_of(mail), html_of(mail)):
            assert "This is a summary: the inbox has the full text, under this reference." in part
        assert mail["Reply-To"] == "ann@example.com"

    def test_none_says_only_that_something_came(self, app: Flask, choose: Choose) -> None:
        choose(content="none", files="attach", timezone="Europe/Berlin")
        form = form_for(app, subject="{name} {reference}")
        typed = {
            "name": "Zoë Secret",
            "email": "zoe@secret.example",
            "_subject": "A secret",
            "_replyto": "z@secret.example",
        }
        body = multipart(*(text_part(name, value) for name, value in typed.items()), file_part("a", "secret.png", PNG))
        mail = mail_about(app, form, **body)
        reference = reference_of(only(app, form).id)
        assert mail["Subject"] == f"Contact ({reference})"
        assert mail["Reply-To"] is None
        assert attached(mail) == {}
        assert "secret" not in shown(mail).lower()
        assert "left no e-mail address" not in shown(mail)
        for part in (text_of(mail), html_of(mail)):
            assert "Contact" in part
            assert reference in part
            assert "The inbox has what was sent, under this reference." in part
            assert "(Europe/Berlin)" in part


class TestFiles:
    """`link`, `attach` or `none`."""

    def test_are_attached_as_they_were_sent(self, app: Flask, choose: Choose) -> None:
        choose(files="attach")
        body = multipart(file_part("cv", "Lebenslauf Jürgen.pdf", PDF), file_part("cv", "photo.png", PNG))
        mail = mail_about(app, form_for(app), **body)
        assert attached(mail) == {"Lebenslauf Jürgen.pdf": PDF, "photo.png": PNG}
        assert [part.get_content_type() for part in mail.iter_attachments()] == ["application/pdf", "image/png"]
        assert "cv:\n  photo.png (76 bytes, attached)\n" in text_of(mail)
        assert "/files/" not in shown(mail)

    def test_beyond_five_mebibytes_are_links(self, app: Flask, choose: Choose) -> None:
        choose(files="attach")
        half = mail_files.MAX_ATTACHED // 2
        form = form_for(app)
        submission = submit(app, form)
        for number, size in enumerate((half, half + 1, half), 1):
            attach(app, submission, f"{number}.pdf", bytes(size), number)
        enqueue(app, form, submission)
        mail = sent_mail(app)
        assert {name: len(content) for name, content in attached(mail).items()} == {"1.pdf": half, "3.pdf": half}
        address = f"https://site.example/forms/console/submissions/{submission}/files/2"
        assert f"2.pdf (2.5 MB)\n{address}\n" in text_of(mail)
        assert f'href="{address}"' in html_of(mail)

    def test_that_mail_providers_refuse_are_links(self, app: Flask, choose: Choose) -> None:
        choose(files="attach")
        mail = mail_about(app, form_for(app), **multipart(file_part("a", "setup.EXE", PROGRAM)))
        assert attached(mail) == {}
        assert "/files/1\n" in text_of(mail)

    def test_that_cannot_be_read_are_links(self, app: Flask, choose: Choose, caplog: pytest.LogCaptureFixture) -> None:
        choose(files="attach")
        form = form_for(app)
        submission = submit(app, form)
        attach(app, submission, "gone.pdf", PDF, 1).unlink()
        damaged = attach(app, submission, "damaged.pdf", PDF, 2)
        damaged.write_bytes(bytes(len(damaged.read_bytes())))
        attach(app, submission, "good.pdf", PDF, 3)
        enqueue(app, form, submission)
        mail = sent_mail(app)
        assert attached(mail) == {"good.pdf": PDF}
        assert "/files/1\n" in text_of(mail)
        assert "/files/2\n" in text_of(mail)
        assert caplog.text.count("file_not_attached") == 2

    def test_that_are_a_message_are_attached_as_bytes(self, app: Flask, choose: Choose) -> None:
        choose(files="attach")
        content = b"From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\nHello"
        body = multipart(file_part("a", "x.eml", content, "message/rfc822"))
        mail = mail_about(app, form_for(app), **body)
        assert attached(mail) == {"x.eml": content}

    @pytest.mark.parametrize(
        "name",
        [
            "=?utf-8?q?x=0D=0ABcc:_evil@example.com?=.pdf",
            "a\u202efdp.exe.pdf",
            "ü" * 100 + ".pdf",
            "%0d%0aBcc: e@x.co.pdf",
        ],
    )
    def test_have_names_that_reach_no_header_of_the_mail(self, app: Flask, choose: Choose, name: str) -> None:
        choose(files="attach")
        mail = mail_about(app, form_for(app), **multipart(file_part("a", name, PDF)))
        assert mail["Bcc"] is None
        (part,) = mail.iter_attachments()
        assert {*part.keys()} == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}
        assert part.get_content_disposition() == "attachment"
        assert part.get_payload(decode=True) == PDF

    def test_are_only_named_for_whom_they_are_not_meant(self, app: Flask, choose: Choose) -> None:
        choose(files="none")
        mail = mail_about(app, form_for(app), **multipart(file_part("a", "b.png", PNG)))
        assert "a:\n  b.png (76 bytes)\n" in text_of(mail)
        assert "/files/" not in shown(mail)
        assert attached(mail) == {}

    @pytest.mark.parametrize(
        "name",
        ["=?utf-8?q?a=0D=0ABcc:_evil@example.com?=.pdf", "=?utf-8*en?b?SGkNCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=.pdf"],
    )
    def test_no_name_adds_a_header(self, app: Flask, choose: Choose, name: str) -> None:
        choose(files="attach")
        form = form_for(app)
        submission = submit(app, form)
        attach(app, submission, name, PDF)
        enqueue(app, form, submission)
        mail = sent_mail(app)
        (part,) = mail.iter_attachments()
        assert part.get_payload(decode=True) == PDF
        assert "Bcc" not in part


class TestTime:
    """In the recipient's time zone."""

    MOMENT = datetime(2026, 11, 28, 9, 2, 59, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("timezone", "shown"),
        [
            ("Europe/Berlin", "Sat 28 November 2026, 10:02 (Europe/Berlin)"),
            ("UTC", "Sat 28 November 2026, 09:02 (UTC)"),
            ("Pacific/Kiritimati", "Sat 28 November 2026, 23:02 (Pacific/Kiritimati)"),
            ("Asia/Kathmandu", "Sat 28 November 2026, 14:47 (Asia/Kathmandu)"),
            ("Gone/Nowhere", "Sat 28 November 2026, 09:02 (UTC)"),
            ("../../etc/passwd", "Sat 28 November 2026, 09:02 (UTC)"),
        ],
    )
    def test_is_readable(self, timezone: str, shown: str) -> None:
        assert format_time(self.MOMENT, timezone) == shown

    def test_days_have_no_leading_zero(self) -> None:
        assert format_time(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "Europe/Berlin").startswith(
            "Thu 2 July 2026, 00:30"
        )

    def test_is_when_the_submission_came(self, app: Flask, choose: Choose) -> None:
        choose(timezone="Europe/Berlin")
        form = form_for(app)
        submission = submit(app, form, created_at=self.MOMENT)
        enqueue(app, form, submission)
        mail = sent_mail(app)
        assert "\nSat 28 November 2026, 10:02 (Europe/Berlin)\n" in text_of(mail)
        assert ">Sat 28 November 2026, 10:02 (Europe/Berlin)</p>" in html_of(mail)


def test_the_link_to_unsubscribe_is_in_the_header_and_in_both_parts(app: Flask, choose: Choose) -> None:
    address = "https://site.example/forms/unsubscribe?token=abc"
    choose(unsubscribe_url=address, content="none")
    mail = mail_about(app, form_for(app), ANN)
    assert mail["List-Unsubscribe"] == f"<{address}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"\n{address}\n" in text_of(mail)
    assert f'<a href="{address}">' in html_of(mail)


def test_one_click_is_offered_over_https_only(app: Flask, choose: Choose) -> None:
    choose(unsubscribe_url="http://site.example/unsubscribe?token=abc")
    mail = mail_about(app, form_for(app), ANN)
    assert mail["List-Unsubscribe"] == "<http://site.example/unsubscribe?token=abc>"
    assert mail["List-Unsubscribe-Post"] is None


def test_a_mail_that_can_be_answered_does_not_show_the_link(app: Flask, choose: Choose) -> None:
    address = "https://site.example/forms/unsubscribe?token=abc"
    choose(unsubscribe_url=address)
    mail = mail_about(app, form_for(app), ANN)
    assert (mail["Reply-To"], mail["List-Unsubscribe"]) == (ANN["email"], f"<{address}>")
    assert address not in text_of(mail) + html_of(mail), "a reply quotes the mail"
