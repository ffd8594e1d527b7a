"""Where a browser goes on to after its submission was taken."""

from forms_service.form_schema import special_fields
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.intake.origins import from_our_page, posting_site
from forms_service.intake.redirects import destination
from forms_service.submissions.parsed_submission import Incoming, Sorted, first_of


def find_redirect(form: PublishedForm, came: Incoming | Sorted) -> str | None:
    """The redirect that was asked for, as far as the form may lead there; None for the thank-you page."""
    back = page_tokens.return_url(came.back, form.id) if came.back and from_our_page() else None
    if back is not None:
        return back or None
    wanted = first_of(came.control, special_fields.REDIRECT)
    return destination(wanted, site=posting_site(), listed=form.settings.redirect_urls) if wanted else None
