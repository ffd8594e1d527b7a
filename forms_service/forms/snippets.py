"""HTML to paste into a page, made of a form's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from forms_service.captchas import CAPTCHAS, Captcha
from forms_service.form_schema.special_fields import HONEYPOTS
from forms_service.forms.controls import DEFAULT_FIELDS, Control, build_controls
from forms_service.validation.label_links import split_links

FIRST_FIELDS = DEFAULT_FIELDS[1:]
"""Of the form that `flask forms create` prints."""


@dataclass(frozen=True)
class FormFacts:
    url: str
    fields: Sequence[Mapping[str, Any]] = DEFAULT_FIELDS
    name: str = ""
    honeypot: str | None = None
    challenge: str = "none"
    site_key: str | None = None

    @property
    def controls(self) -> list[Control]:
        return build_controls(self.fields, {}, {})

    @property
    def captcha(self) -> Captcha | None:
        return CAPTCHAS.get(self.challenge)


def html_form(form: FormFacts, script_url: str | None = None) -> str:
    """Return the form; with the URL of the script, one that is sent without leaving the page."""
    controls = form.controls
    attributes = {"method": "post", "action": form.url, "accept-charset": "utf-8"}
    if any(control.kind == "file" for control in controls):
        attributes["enctype"] = "multipart/form-data"
    lines = [f"<form{_attributes(attributes)}{' data-forms-service' if script_url else ''}>"]
    for control in controls:
        lines += [f"  {line}" for line in _control(control)]
    lines.append(f'  <input name="{escape(form.honeypot or HONEYPOTS[0])}" autocomplete="off" hidden>')
    if form.captcha and form.captcha.script:
        lines.append(f'  <div class="{form.captcha.css_class}" data-sitekey="{escape(form.site_key or "")}"></div>')
    lines += ["  <button>Send</button>", "</form>"]
    if form.captcha and form.captcha.script:
        lines.append(f'<script src="{form.captcha.script}" async defer></script>')
    if script_url:
        lines.append(f'<script src="{escape(script_url)}" defer></script>')
    return "\n".join(lines)


def control_attributes(control: Control) -> dict[str, Any]:
    """Return the attributes of a control's element, without its name."""
    kind = {} if control.kind in ("textarea", "select") else {"type": control.kind}
    return {**kind, **control.attributes, **({"required": True} if control.required else {})}


def _control(control: Control) -> list[str]:
    if control.kind == "hidden":
        return [f'<input type="hidden" name="{escape(control.name)}" value="">']
    text, name = _text(control), f' name="{escape(control.name)}"'
    if control.is_grouped:
        return ["<fieldset>", f"  <legend>{text}</legend>", *_boxes(control), "</fieldset>"]
    attributes = control_attributes(control)
    kind = f' type="{attributes.pop("type")}"' if "type" in attributes else ""
    rest = f"{kind}{name}{_attributes(attributes)}"
    if control.kind == "checkbox":
        return [f'<label><input{rest} value="on"> {text}</label>']
    if control.kind == "textarea":
        return [f"<label>{text} <textarea{rest}></textarea></label>"]
    if control.kind == "select":
        options = [("", "Please choose"), *control.choices]
        lines = [f'    <option value="{escape(value)}">{escape(label)}</option>' for value, label in options]
        return [f"<label>{text}", f"  <select{rest}>", *lines, "  </select>", "</label>"]
    return [f"<label>{text} <input{rest}></label>"]


def _boxes(control: Control) -> list[str]:
    kind = "radio" if control.kind == "radio" else "checkbox"
    required = " required" if control.required and kind == "radio" else ""
    name = escape(control.name)
    return [
        f'  <label><input type="{kind}" name="{name}" value="{escape(value)}"{required}> {escape(label)}</label>'
        for value, label in control.choices
    ]


def _text(control: Control) -> str:
    help_text = f" <small>{_linked(control.help)}</small>" if control.help else ""
    return f"{_linked(control.label)}{help_text}"


def _linked(text: str) -> str:
    pieces = split_links(text)
    return "".join(f'<a href="{escape(url)}">{escape(words)}</a>' if url else escape(words) for words, url in pieces)


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"' for name, value in attributes.items()
    )
