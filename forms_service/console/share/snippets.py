"""Ways to put a form to use, each with code to copy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from forms_service.console.share.curl_command import curl_command
from forms_service.console.share.react_component import react_component
from forms_service.forms.snippets import FormFacts, html_form

FRAME_HEIGHT = 640


@dataclass(frozen=True)
class Way:
    """One way; `code` makes its snippet."""

    label: str
    title: str
    text: str
    code: Callable[[FormFacts, str], str]
    by_script: bool = False
    """Whether it sends as a script does."""


def _plain(form: FormFacts, script_url: str) -> str:
    # a proof of work needs a script
    return html_form(form, script_url if form.challenge == "altcha" else None)


def _frame(form: FormFacts, _: str) -> str:
    return (
        f'<iframe src="{escape(form.url)}" title="{escape(form.name)}" width="100%" height="{FRAME_HEIGHT}"></iframe>'
    )


def _embed(form: FormFacts, _: str) -> str:
    form_id = form.url.rpartition("/")[2]
    lines = [f'<div data-form="{form_id}"></div>', f'<script src="{escape(form.url)}.js" defer></script>']
    if form.captcha and form.captcha.script:
        lines.append(f'<script src="{form.captcha.script}" defer></script>')
    return "\n".join(lines)


WAYS: Mapping[str, Way] = {
    "html": Way(
        "HTML",
        "A form in your page",
        "Paste it into any page. It needs no JavaScript. Rename, add or remove fields as you like.",
        _plain,
    ),
    "script": Way(
        "HTML with script",
        "A form that stays on your page",
        "The same form with a script of 6 kB: errors appear beside fields, the thank-you text appears in the page, and "
        "nothing is lost or sent twice when the connection breaks.",
        html_form,
        by_script=True,
    ),
    "react": Way(
        "React",
        "A React component",
        "It uses the hook of the package in clients/js of this service: npm install with the path of that folder.",
        lambda form, _: react_component(form),
        by_script=True,
    ),
    "curl": Way(
        "curl",
        "A command for the terminal",
        "It sends example values and prints the answer as JSON.",
        lambda form, _: curl_command(form),
    ),
    "link": Way(
        "Link and QR code",
        "A page of its own",
        "The form has a page here already. Send its address, or print the code.",
        lambda form, _: form.url,
    ),
    "embed": Way(
        "Whole form",
        "The whole form by one line",
        "The script builds the form where the div is, with your site's looks, and follows when you change its fields.",
        _embed,
        by_script=True,
    ),
    "frame": Way(
        "Frame",
        "The form's page in a frame",
        "For site builders that take frames only. Set the height that your form needs.",
        _frame,
    ),
}


def facts_of(form: Mapping[str, Any]) -> FormFacts:
    """Return what snippets need of a form, as `forms.service.get` returns it."""
    settings = form["settings"] or {}
    facts = {
        "url": form["url"],
        "name": form["name"],
        "honeypot": settings.get("honeypot"),
        "challenge": settings.get("challenge", "none"),
        "site_key": settings.get("challenge_site_key"),
    }
    return FormFacts(**facts, fields=form["fields"]) if form["fields"] else FormFacts(**facts)
