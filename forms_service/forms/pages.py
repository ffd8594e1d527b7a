"""The pages of a form (scaffold)."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template_string

from forms_service.errors import Fault
from forms_service.forms.published import PublishedForm, published
from forms_service.web.access import public, unlimited

forms_pages = Blueprint("form", __name__)


def hosted(
    form: PublishedForm,
    status: int = 200,
    errors: Mapping[str, list[Fault]] | None = None,
    values: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> Response:
    """The hosted page."""
    text = render_template_string(
        "{{ message }} {% for n, f in (errors or {}).items() %}{{ n }}: {{ f | join(' ') }}{% endfor %} {{ values }}",
        message=message, errors=errors, values=values,
    )
    return Response(text, status, mimetype="text/html")


@forms_pages.get("/f/<form_id>/thanks", provide_automatic_options=False)
@public
@unlimited("a page that is the same for everybody")
def thanks(form_id: str) -> str:
    """Thank you."""
    return published(form_id).name
