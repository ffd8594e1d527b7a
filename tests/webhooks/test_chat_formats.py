"""Chats take every submission, show what was typed, and nothing of it acts."""

from dataclasses import replace

import pytest

from forms_service.submissions.events import DELETED, EVENTS
from forms_service.webhooks.formats import FORMATS, Target
from forms_service.webhooks.formats.payloads import Event, EventFile
from tests.support.chat_services import SERVICES
from tests.support.webhook_events import LINK, event_of, target_of

TYPED = {
    "mentions": "@everyone @here <!channel> <!here|x> <@U024BE7LH> <@!80351110224678912> <#C1> <@&1> @durov",
    "commands": "/start /ban@bot x /kick, t.me/durov",
    "Markdown": "# h\n> q\n- a\n* b\n1. c\n**b** __u__ _i_ ~~s~~ ||spoiler|| `c`\n```\nx\n```\n[free](https://evil.example)",
    "mrkdwn": "*b* _i_ ~s~ <https://evil.example|free> :tada: &lt;!channel&gt; &amp;amp;",
    "emoji names": ":smile: <:name:123> <a:name:1> <t:1618953630:R> <id:home>",
    "backslashes": "¯\\_(ツ)_/¯ \\@everyone \\\\*x* \\",
    "templates": "{{7*7}} {name} {{name}} ${7*7} #{7*7} {{DATE(2017-02-14T06:08:39Z, SHORT)}} {{TIME(x)}} <%= 1 %>",
    "markup": "<script>alert(1)</script><b>x</b><at>Ann</at><a href='https://evil.example'>x</a>",
    "quotes": '" \' \\" “ ‘ "}],"content":"@everyone',
    "addresses": "ann@example.com https://example.com/a_b(c)?d=1&e=*#f www.example.com",
    "emoji": "👩‍👩‍👧‍👦👍🏽🇩🇪 ☎️",
    "Arabic": "مرحبا (بكم) في @everyone",
    "CJK": "您好，我想了解价格。",
    "marks": "Z\u0351\u036b\u0343a\u0334",
    "blank lines": "one\n\n\ntwo",
}
HARD = {
    **{name: [("message", text)] for name, text in TYPED.items()},
    "labels": [(text[:90].replace("\n", " "), "x") for text in TYPED.values()],
    "blank": [("a", ""), ("", " \n\t"), (" ", "\u3000"), ("\u202e", "\0\x1b")],
    "30 fields": [(f"Field {number}", "a few words of an answer") for number in range(30)],
    "1,000 fields": [(f"Field {number}" * 30, "*" * 3000) for number in range(1000)],
    "100 kB": [("message", "word " * 20_000)],
    "100 kB of control": [("message", "<&>" * 33_000), ("other", "*_`@" * 25_000)],
    "100 kB of quotes": [("message", '"\\' * 50_000), ("other", "\n" * 100_000)],
    "100 kB of emoji": [("message", "👩‍👩‍👧‍👦" * 4000)],
    "100 kB of CJK": [("message", "您" * 33_000)] * 30,
    "100 kB of marks": [("message", "a" + "\u0301" * 50_000)],
    "nothing": [],
}

each_service = pytest.mark.parametrize("service", SERVICES)


def show(service: str, event: Event) -> str:
    return SERVICES[service](FORMATS[service].render(event, target_of(service)))


@each_service
@pytest.mark.parametrize("name", HARD)
def test_a_service_takes_it_and_nothing_acts(service: str, name: str) -> None:
    assert "Contact" in show(service, event_of({}, lines=HARD[name]))


@each_service
@pytest.mark.parametrize("name", TYPED)
def test_people_read_what_was_typed(service: str, name: str) -> None:
    shown = show(service, event_of({"Your message": TYPED[name]}))
    assert TYPED[name] in shown
    assert "Your message" in shown


@each_service
def test_a_form_has_a_name_that_acts_neither(service: str) -> None:
    event = event_of({"a": "b"}, form_name="@everyone <!channel> *b* {{DATE(1)}}\r\nX-Y: z 😀" * 9)
    assert "@everyone <!channel> *b* {{DATE(1)}} X-Y: z" in show(service, event)


@each_service
@pytest.mark.parametrize("kind", EVENTS)
def test_a_message_says_what_happened_and_to_which_submission(service: str, kind: str) -> None:
    event = event_of({}, type=kind)
    first, *_ = show(service, event).strip().removeprefix(LINK).strip().splitlines()
    assert first.endswith(f": Contact ({event.reference})")
    assert show(service, event) != show(service, replace(event, type=next(k for k in EVENTS if k != kind)))


@each_service
def test_a_message_leads_to_the_submission(service: str) -> None:
    payload = FORMATS[service].render(event_of({"a": "b"}), target_of(service))
    assert LINK in payload.body.decode() + payload.headers.get("Click", "")


@each_service
def test_a_deletion_leads_nowhere(service: str) -> None:
    event = event_of({}, type=DELETED, submission=None, lines=(), link="")
    payload = FORMATS[service].render(event, target_of(service))
    SERVICES[service](payload)
    assert "Click" not in payload.headers


def test_discord_gets_no_address_that_it_refuses() -> None:
    payload = FORMATS["discord"].render(event_of({}, link="http://localhost:5000/x"), target_of("discord"))
    assert b"localhost" not in payload.body
    SERVICES["discord"](payload)


@each_service
def test_files_are_shown_by_name_and_size(service: str) -> None:
    event = event_of({}, files=[EventFile("Your *CV*", "cv_<!channel>.pdf", 48_213, "https://forms.example.com/f1")])
    shown = show(service, event)
    assert "Your *CV*" in shown
    assert "cv_<!channel>.pdf (" in shown
    assert "https://forms.example.com/f1" in shown


@each_service
def test_a_long_answer_leaves_room_for_the_short_ones(service: str) -> None:
    answers = {"before": "first words", "long": "x" * 100_000, "after": "last words"}
    shown = show(service, event_of(answers))
    assert "first words" in shown
    assert "last words" in shown
    assert "x…" in shown
    assert shown.count("x") > 900


@each_service
def test_fields_beyond_the_limit_are_counted(service: str) -> None:
    shown = show(service, event_of({f"Field {number}": "answer" for number in range(40)}))
    names = sum(f"Field {number}\n" in shown for number in range(40))
    assert f"{40 - names} more fields are in the submission." in shown
    assert names >= 19


@each_service
def test_a_cut_leaves_characters_whole(service: str) -> None:
    family = "👩‍👩‍👧‍👦"
    shown = show(service, event_of({"message": family * 5000}))
    run = next(line for line in shown.splitlines() if line.startswith(family))
    assert run.removesuffix("…") == family * run.count(family)


class TestTelegramAddresses:
    def test_the_chat_of_the_query_is_in_the_body(self) -> None:
        target = Target("https://api.telegram.org/bot1:AA/sendMessage?chat_id=%40team&message_thread_id=7")
        body = FORMATS["telegram"].render(event_of({}), target).body
        assert b'"chat_id":"@team","message_thread_id":"7"' in body

    @pytest.mark.parametrize("query", ["", "?chat_id=", "?x=1", "#?chat_id=1"])
    def test_an_address_without_a_chat_is_a_problem(self, query: str) -> None:
        target = Target(f"https://api.telegram.org/bot1:AA/sendMessage{query}")
        assert "?chat_id=" in FORMATS["telegram"].find_problems(target)["url"]
        assert FORMATS["telegram"].find_problems(target_of("telegram")) == {}
