"""Validation of field definitions and settings."""

from typing import Any

import marshmallow as ma
import pytest

from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.form_schema.settings import FormSettings, load_settings, merge_patch
from forms_service.forms.schemas import NewForm
from forms_service.validation.base import errors_by_path


def codes(**body: Any) -> dict[str, list[str]]:
    """Path → codes of what is wrong with a form."""
    try:
        NewForm().load({"name": "Contact", **body})
    except ma.ValidationError as error:
        return {path: [fault.code for fault in faults] for path, faults in errors_by_path(error.messages).items()}
    return {}


def codes_of_field(**definition: Any) -> dict[str, list[str]]:
    errors = codes(fields=[{"name": "a", "type": "text", **definition}])
    return {path.removeprefix("fields.0."): codes for path, codes in errors.items()}


CHOICES = {"choices": ["one", {"value": "2", "label": "Two"}]}
RULES: dict[str, Any] = {
    "min_length": 1,
    "max_length": 5,
    "pattern": "[a-z]+",
    "accept": ".pdf, image/*",
    "max_size": 1000,
    **CHOICES,
}
BOUNDS = {
    "number": (1.5, 3),
    "integer": (1, 3),
    "date": ("2026-01-01", "2026-12-31"),
    "time": ("08:00", "18:00"),
    "datetime": ("2026-01-01T08:00", "2026-12-31T18:00Z"),
}


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_every_type_accepts_only_its_own_rules(name: str) -> None:
    least, most = BOUNDS.get(name, (1, 2))
    every = RULES | {"min": least, "max": most}
    fitting = {rule: value for rule, value in every.items() if rule in FIELD_TYPES[name].rules}
    assert codes_of_field(type=name, label="L", help="H", required=True, **fitting) == {}
    wrong = set(every) - set(fitting)
    needed = CHOICES if "choices" in fitting else {}
    errors = codes_of_field(type=name, **needed, **{rule: every[rule] for rule in wrong})
    assert errors == {rule: ["unfit"] for rule in errors}
    assert set(errors) == wrong


def test_there_are_seventeen_types() -> None:
    assert len(FIELD_TYPES) == 17


def test_all_errors_are_reported_together_by_path() -> None:
    errors = codes(
        name=" ",
        fields=[
            {"name": "a", "type": "text", "pattern": "(", "min_length": 5, "max_length": 2},
            {"name": "a", "type": "number", "min": 5, "max": 1, "step": 1},
            {"name": "_next", "type": "select"},
            "text",
            {"name": "d", "type": "date", "min": "tomorrow"},
            {"name": "r", "type": "radio", "choices": ["x", "x", {"value": "y"}, 3, {"label": "z"}]},
            {"type": "colour"},
        ],
        settings={"redirect_urls": ["https://a.example/", "javascript:alert(1)"], "colour": "red"},
        owner="me",
    )
    assert errors == {
        "name": ["blank"],
        "fields.0.pattern": ["invalid_pattern"],
        "fields.0.max_length": ["too_small"],
        "fields.1.name": ["duplicate"],
        "fields.1.max": ["too_small"],
        "fields.1.step": ["unknown"],
        "fields.2.name": ["reserved"],
        "fields.2.choices": ["required"],
        "fields.3": ["invalid_type"],
        "fields.4.min": ["invalid_bound"],
        "fields.5.choices": ["duplicate"],
        "fields.5.choices.2.label": ["required"],
        "fields.5.choices.3": ["invalid"],
        "fields.5.choices.4.value": ["required"],
        "fields.6.name": ["required"],
        "fields.6.type": ["not_a_choice"],
        "settings.redirect_urls.1": ["invalid_url"],
        "settings.colour": ["unknown"],
        "owner": ["unknown"],
    }


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({"name": "n" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 7}, "name"),
        ({"label": "l" * 501}, "label"),
        ({"help": ""}, "help"),
        ({"required": "yes"}, "required"),
        ({"required": None}, "required"),
        ({"min_length": -1}, "min_length"),
        ({"min_length": True}, "min_length"),
        ({"max_length": 1.5}, "max_length"),
        ({"type": "select", "choices": []}, "choices"),
        ({"type": "select", "choices": "abc"}, "choices"),
        ({"type": "select", "choices": ["x"] * 1001}, "choices"),
        ({"type": "number", "min": "1"}, "min"),
        ({"type": "number", "min": True}, "min"),
        ({"type": "integer", "max": 1.5}, "max"),
        ({"type": "time", "min": 8}, "min"),
        ({"type": "file", "accept": "pdf"}, "accept"),
        ({"type": "file", "max_size": 0}, "max_size"),
    ],
)
def test_an_invalid_rule_is_reported(definition: dict[str, Any], path: str) -> None:
    assert list(codes_of_field(**definition)) == [path]


@pytest.mark.parametrize("pattern", ["(", "a)|(b", "(?=x)", r"(a)\1", "a{1001}", r"\pL{1,900}", "x" * 501])
def test_a_pattern_that_re2_rejects_is_refused(pattern: str) -> None:
    assert list(codes_of_field(pattern=pattern)) == ["pattern"]


def test_a_form_may_have_0_to_500_fields() -> None:
    fields = [{"name": f"f{number}", "type": "text"} for number in range(501)]
    assert codes(fields=[]) == codes(fields=fields[:500]) == {}
    assert codes(fields=fields) == {"fields": ["too_many"]}


@pytest.mark.parametrize(
    ("setting", "value", "path"),
    [
        ("allowed_origins", ["https://a.example/page"], ".0"),
        ("allowed_origins", ["null"], ".0"),
        ("allowed_origins", ["*"], ".0"),
        ("allowed_origins", ["https://*"], ".0"),
        ("allowed_origins", ["https://a.*.example"], ".0"),
        ("allowed_origins", ["https://*.*.example"], ".0"),
        ("allowed_origins", ["https://*a.example"], ".0"),
        ("allowed_origins", ["https://*.127.0.0.1"], ".0"),
        ("allowed_origins", ["https://*.[::1]"], ".0"),
        ("allowed_origins", ["*.example.com"], ".0"),
        ("allowed_origins", ["https://*.example.com/x"], ".0"),
        ("redirect_urls", ["//evil.example"], ".0"),
        ("redirect_urls", ["https://user:pass@a.example/"], ".0"),
        ("unknown_fields", "forget", ""),
        ("reply", {"subject": "Thanks"}, ".text"),
        ("double_opt_in", True, ""),
        ("honeypot", "_next", ""),
        ("challenge", "riddle", ""),
        ("retention_days", 0, ""),
        ("closed", 1, ""),
        ("max_submissions", "5", ""),
        ("store_ip", "yes", ""),
        ("blocklist", [], ""),
        ("blocklist", {"networks": ["10.0.0.0/33"]}, ".networks.0"),
        ("blocklist", {"addresses": ["example.com"]}, ".addresses.0"),
        ("blocklist", {"names": []}, ".names"),
    ],
)
def test_an_invalid_setting_is_reported(setting: str, value: Any, path: str) -> None:
    assert list(codes(settings={setting: value})) == [f"settings.{setting}{path}"]


def test_conflicting_settings_are_reported() -> None:
    fields = [{"name": "website", "type": "url"}]
    assert codes(fields=fields, settings={"honeypot": "website"}) == {"settings.honeypot": ["taken"]}
    assert codes(settings={"challenge": "hcaptcha", "challenge_site_key": "k"}) == {
        "settings.challenge_secret": ["required"]
    }
    assert codes(settings={"challenge": "altcha"}) == {}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("New enquiry from {website}: {reference} of {form}", []),
        ("{nobody} {website} {Website}", ["unknown_name"]),
        ("{{7*7}} {website", ["unknown_name"]),
        ("No name { } {}", ["unknown_name"]),
        ("x" * 201, ["too_long"]),
        ("two\nlines", ["control_characters"]),
        ("", ["blank"]),
        (7, ["invalid"]),
        (None, []),
    ],
)
def test_a_subject_is_one_line_with_names_of_fields(subject: Any, expected: list[str]) -> None:
    fields = [{"name": "website", "type": "url"}]
    assert codes(fields=fields, settings={"subject": subject}) == ({"settings.subject": expected} if expected else {})


def test_a_form_without_fields_takes_any_name_in_its_subject() -> None:
    assert codes(settings={"subject": "From {anybody}"}) == {}


def test_origins_and_networks_are_normalised() -> None:
    settings = {"allowed_origins": ["HTTPS://Example.COM:443/", "http://[::1]:8080"]}
    blocked = {"networks": ["192.0.2.77/24", "2001:db8::1"], "addresses": ["@example.com", " ann@example.com "]}
    loaded = NewForm().load({"name": "x", "settings": {**settings, "blocklist": blocked}})["settings"]
    assert loaded["allowed_origins"] == ["https://example.com", "http://[::1]:8080"]
    assert loaded["blocklist"]["networks"] == ["192.0.2.0/24", "2001:db8::1/128"]
    assert loaded["blocklist"]["addresses"] == ["@example.com", "ann@example.com"]
    origins = ["HTTPS://*.Example.com:443/", "http://*.m\u00fcller.example:8080"]
    loaded = NewForm().load({"name": "x", "settings": {"allowed_origins": origins}})["settings"]
    assert loaded["allowed_origins"] == ["https://*.example.com", "http://*.xn--mller-kva.example:8080"]


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("m\u00fcnchen.example", "xn--mnchen-3ya.example"),
        ("fa\u00df.example", "xn--fa-hia.example"),
        ("M\u00dcNCHEN.Example", "xn--mnchen-3ya.example"),
        ("\u2603.example", "xn--n3h.example"),
        ("\uff53ite\u3002example", "site.example"),
    ],
)
def test_a_non_ascii_host_is_refused_with_its_ascii_form(host: str, written: str) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        NewForm().load({"name": "x", "settings": {"redirect_urls": ["https://a.example/", f"https://{host}:8443/ok"]}})
    (fault,) = errors_by_path(caught.value.messages)["settings.redirect_urls.1"]
    assert (fault.code, str(fault)) == ("host_not_ascii", f"Write the host as browsers do: {written}")
    settings = {"redirect_urls": [f"https://{written}/\u00fc"], "allowed_origins": [f"https://{host}:8443"]}
    loaded = NewForm().load({"name": "x", "settings": settings})["settings"]
    assert loaded["redirect_urls"] == settings["redirect_urls"]
    assert loaded["allowed_origins"] == [f"https://{written}:8443"]


@pytest.mark.parametrize("setting", ["allowed_origins", "redirect_urls"])
@pytest.mark.parametrize("host", ["\u00ad", "\u00fc..example", "\u200b.example", "\ufffd.example"])
def test_an_invalid_host_is_refused(setting: str, host: str) -> None:
    code = "invalid_origin" if setting == "allowed_origins" else "invalid_url"
    assert codes(settings={setting: [f"https://{host}"]}) == {f"settings.{setting}.0": [code]}


def test_merge_patch_follows_rfc_7396() -> None:
    current = {"a": "b", "c": {"d": "e", "f": "g"}, "h": [1, 2]}
    assert merge_patch(current, {"a": "z", "c": {"f": None}, "h": [3]}) == {"a": "z", "c": {"d": "e"}, "h": [3]}
    assert merge_patch({"a": []}, {"a": {"b": {"c": None}}}) == {"a": {"b": {}}}


def test_settings_newer_than_the_form_have_their_defaults() -> None:
    assert load_settings({}) == FormSettings()
    assert load_settings({"blocklist": {"words": ["x"]}, "closed": True}).blocklist.words == ("x",)


@pytest.mark.parametrize("fields", [5, "x", {}, [{"name": {}}], [{"name": [1]}, {"name": [1]}], [5]])
def test_malformed_definitions_are_validation_errors(fields: object) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        NewForm().load({"name": "x", "fields": fields})
    assert list(caught.value.messages_dict) == ["fields"]
