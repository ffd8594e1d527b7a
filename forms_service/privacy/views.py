"""Endpoints of data-subject rights."""

from typing import Any

from flask import Response

from forms_service.accounts.guards import caller, require_owner
from forms_service.inbox import schemas
from forms_service.privacy import service
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.downloads import download
from forms_service.web.pagination import Page, PageQuery

people_blueprint = Blueprint("people", __name__, description="Everything one person submitted to any form.")


@people_blueprint.route("/api/people/find", methods=["POST"])
@people_blueprint.doc(operationId="findPerson")
@require_owner("submissions:read")
@people_blueprint.arguments(PageQuery, location="query")
@people_blueprint.arguments(schemas.Person)
@people_blueprint.lists(schemas.SubmissionShown, message="Submissions with this address, newest first.")
def find(page: dict[str, Any], body: dict[str, Any]) -> Page[dict[str, Any]]:
    """Find all submissions that contain an e-mail address.

    Searches all of your forms, including spam; for operators, all forms. An address is found as a whole value, also
    in a special field, and as one of several addresses in a value, but not inside running text.
    """
    return service.find(caller(), body["email"], **page)


@people_blueprint.route("/api/people/export", methods=["POST"])
@people_blueprint.doc(operationId="exportPerson", responses=schemas.LINES)
@require_owner("submissions:read")
@people_blueprint.arguments(schemas.Person)
def export_person(body: dict[str, Any]) -> Response:
    """Export all submissions that contain an e-mail address, as JSON Lines."""
    exported = service.export(caller(), body["email"])
    return download(exported.chunks, exported.name, exported.content_type)


@people_blueprint.route("/api/people/erase", methods=["POST"])
@people_blueprint.doc(operationId="erasePerson")
@require_owner("submissions:write")
@people_blueprint.arguments(schemas.Person)
@people_blueprint.answers(
    200, schemas.PersonErased, message="Submissions erased, with their files and everything stored about them."
)
def erase(body: dict[str, Any]) -> dict[str, int]:
    """Erase all submissions that contain an e-mail address.

    Erases from all of your forms; for operators, from all forms. The audit trail records the erasure, not the address.
    """
    return service.erase(caller(), body["email"])
