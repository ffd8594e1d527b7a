"""Pages of data-subject requests; the address is sent in the body only, so that no URL or log holds it."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_owner_session
from forms_service.console.people.pages import person_page
from forms_service.console.people.schemas import ErasedQuery, PersonForm
from forms_service.console.rendering import redisplay, render, see
from forms_service.inbox.schemas import Person
from forms_service.privacy import service
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.downloads import download

people_pages = Blueprint("console_people", __name__)


def _search_page(erased: int | None = None) -> Response:
    return render("console/people/search.html", erased=erased)


@people_pages.get("/console/people")
@require_owner_session
@rate_limit("console")
@query_arguments(ErasedQuery())
def show(query: dict[str, Any]) -> Response:
    """Ask for an address."""
    return _search_page(**query)


@people_pages.post("/console/people")
@require_owner_session
@rate_limit("console")
@redisplay(_search_page)
@form_arguments(PersonForm())
def find(body: dict[str, Any]) -> Response:
    """Show everything that an address sent."""
    return render("console/people/person.html", **person_page(caller(), **body))


@people_pages.post("/console/people/export")
@require_owner_session
@rate_limit("console")
@redisplay(_search_page)
@form_arguments(Person())
def export(body: dict[str, Any]) -> Response:
    """Download it as JSON Lines."""
    exported = service.export(caller(), body["email"])
    return download(exported.chunks, exported.name, exported.content_type)


@people_pages.post("/console/people/erase")
@require_owner_session
@rate_limit("console")
@redisplay(_search_page)
@form_arguments(Person())
def erase(body: dict[str, Any]) -> Any:
    """Erase it."""
    return see("console_people.show", erased=service.erase(caller(), body["email"])["erased"])
