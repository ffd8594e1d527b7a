"""Pages behind the links in mails to people, in the look of the form's own."""

from flask import Response

from forms_service.forms.cache import PublishedForm
from forms_service.replies.service import State
from forms_service.web.responses import page
from forms_service.web.security_headers import PAGE_POLICY

STATUS = {State.INVALID: 404, State.EXPIRED: 410}


def render_confirmation(form: PublishedForm, state: State, token: str, *, done: bool = False) -> Response:
    """Render the page that confirms, or says that it is done."""
    return _render("confirm", form, state, token=token, done=done)


def render_withdrawal(form: PublishedForm, state: State, token: str, *, done: bool = False) -> Response:
    """Render the page that withdraws, or says that it is done."""
    return _render("withdraw", form, state, token=token, done=done)


def render_resent(form: PublishedForm) -> Response:
    """Render that the mail is on its way, if the submission waits for it."""
    return _render("resent", form, State.WAITING)


def _render(template: str, form: PublishedForm, state: State, **values: object) -> Response:
    response = page(f"replies/{template}.html", STATUS.get(state, 200), form=form, state=state.value, **values)
    # in no frame, unlike a form: a click must be meant
    response.policy = PAGE_POLICY  # type: ignore[attr-defined]  # read by web/security_headers.py
    return response
