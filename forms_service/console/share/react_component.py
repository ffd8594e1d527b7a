"""A React component that submits a form by the hook of `clients/js`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from forms_service.forms.controls import Control
from forms_service.forms.snippets import FormFacts, control_attributes
from forms_service.validation.label_links import split_links

NAMES = {
    "autocomplete": "autoComplete",
    "inputmode": "inputMode",
    "maxlength": "maxLength",
    "minlength": "minLength",
}
"""HTML attribute → property of React."""

PLAIN = re.compile(r"[^\"&{}<>\\\n]*")
"""Needs no quoting in JSX."""

IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def react_component(form: FormFacts) -> str:
    body = [line for control in form.controls for line in _control(control)]
    if form.captcha and form.captcha.script:
        body.append(f'<div className="{form.captcha.css_class}" data-sitekey={_attribute(form.site_key or "")} />')
    lines = [f"      {line}" for line in body]
    return "\n".join(
        [
            'import { useForm } from "@forms-service/client/react";',
            "",
            "export function Form() {",
            f"  const {{ form, field, state, message, errors }} = useForm({_string(form.url)});",
            '  if (state === "success") return <p role="status">{message}</p>;',
            "  return (",
            "    <form {...form}>",
            *lines,
            "      <button>Send</button>",
            '      <p role="status">{message}</p>',
            "    </form>",
            "  );",
            "}",
        ]
    )


def _control(control: Control) -> list[str]:
    if control.kind == "hidden":
        return [f'<input type="hidden" name={_attribute(control.name)} defaultValue="" />']
    label, field = _text(control), f"{{...field({_string(control.name)})}}"
    error = f"errors{f'.{control.name}' if IDENTIFIER.fullmatch(control.name) else f'[{_string(control.name)}]'}"
    shown = f"{{{error} && <p id={_attribute(f'{control.name}-error')}>{{{error}}}</p>}}"
    if control.is_grouped:
        kind = "radio" if control.kind == "radio" else "checkbox"
        required = " required" if control.required and kind == "radio" else ""
        boxes = [
            f'  <label><input type="{kind}" value={_attribute(value)}{required} {field} /> {_words(text)}</label>'
            for value, text in control.choices
        ]
        return ["<fieldset>", f"  <legend>{label}</legend>", *boxes, f"  {shown}", "</fieldset>"]
    rest = f"{_attributes(control_attributes(control))} {field}"
    if control.kind == "checkbox":
        return [f'<label><input{rest} value="on" /> {label}</label>', shown]
    if control.kind == "select":
        options = [("", "Please choose"), *control.choices]
        lines = [f"    <option value={_attribute(value)}>{_words(text)}</option>" for value, text in options]
        return [f"<label>{label}", f"  <select{rest}>", *lines, "  </select>", "</label>", shown]
    element = "textarea" if control.kind == "textarea" else "input"
    return [f"<label>{label} <{element}{rest} /></label>", shown]


def _text(control: Control) -> str:
    return f"{_linked(control.label)}{f' <small>{_linked(control.help)}</small>' if control.help else ''}"


def _linked(text: str) -> str:
    pieces = split_links(text)
    return "".join(f"<a href={_attribute(url)}>{_words(words)}</a>" if url else _words(words) for words, url in pieces)


def _attributes(attributes: Mapping[str, Any]) -> str:
    pairs = ((NAMES.get(name, name), value) for name, value in attributes.items())
    return "".join(
        f" {name}"
        if value is True
        else f" {name}={{{value}}}"
        if isinstance(value, int)
        else f" {name}={_attribute(value)}"
        for name, value in pairs
    )


def _words(text: str) -> str:
    # JSX drops blanks at the ends of lines only
    return text if PLAIN.fullmatch(text) else f"{{{_string(text)}}}"


def _attribute(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if PLAIN.fullmatch(text) else f"{{{_string(text)}}}"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
