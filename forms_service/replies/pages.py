"""Answers of the links in mails to people: pages in the look of the form's own, and JSON for programs that POST."""

from flask import Response

from forms_service.errors import FieldError, ValidationError
from forms_service.forms.cache import PublishedForm
from forms_service.languages.sentences import N_
from forms_service.replies.service import State
from forms_service.web.languages import current_language, translated
from forms_service.web.responses import page, success, wants_page
from forms_service.web.security_headers import PAGE_POLICY

INVALID = FieldError(
    N_("This link is invalid or has expired. Copy all of it, or fill in the form again."), "invalid_token"
)
STATUS = {State.INVALID: 404, State.EXPIRED: 410}


def render_confirmation(form: PublishedForm, state: State, token: str) -> Response:
    """Render the page that confirms."""
    return _render("confirm", form, state, token=token, done=False)


def render_withdrawal(form: PublishedForm, state: State, token: str) -> Response:
    """Render the page that withdraws."""
    return _render("withdraw", form, state, token=token, done=False)


def answer_confirmation(form: PublishedForm, state: State, token: str, *, done: bool) -> Response:
    """Respond that it is confirmed, now (`done`) or already.

    :raises ValidationError: for a program's invalid token
    """
    if wants_page():
        return _render("confirm", form, state, token=token, done=done)
    return _answer(state, State.CONFIRMED, N_("Confirmed.") if done else N_("Confirmed already."))


def answer_withdrawal(form: PublishedForm, state: State, token: str, *, done: bool) -> Response:
    """Respond that it is withdrawn, now (`done`) or already.

    :raises ValidationError: for a program's invalid token
    """
    if wants_page():
        return _render("withdraw", form, state, token=token, done=done)
    return _answer(state, State.WITHDRAWN, N_("Withdrawn.") if done else N_("Withdrawn already."))


def answer_resend(form: PublishedForm) -> Response:
    """Respond that the mail is on its way, if the submission waits for it."""
    if wants_page():
        return _render("resent", form, State.WAITING)
    return success(
        message=translated(N_("If the submission waits for its confirmation, the mail is on its way again."))
    )


def _answer(state: State, goal: State, message: str) -> Response:
    if state != goal:
        raise ValidationError({"token": [INVALID]})
    return success({"status": state.value}, message=translated(message))


def _render(template: str, form: PublishedForm, state: State, **values: object) -> Response:
    form, status = form.in_language(current_language()), STATUS.get(state, 200)
    response = page(f"replies/{template}.html", status, form=form, state=state.value, **values)
    # in no frame, unlike a form: a click must be meant
    response.policy = PAGE_POLICY  # type: ignore[attr-defined]  # read by web/security_headers.py
    return response
