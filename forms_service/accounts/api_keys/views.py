"""Endpoints of API keys."""

import uuid
from typing import Any

from flask import Response

from forms_service.accounts.api_keys import schemas, service
from forms_service.accounts.guards import caller, require_api_key, require_owner_session, require_session
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery
from forms_service.web.responses import as_json

keys = Blueprint("keys", __name__, description="API keys, with which programs act for an account.")


@keys.route("/api/me/keys", methods=["POST"])
@keys.doc(operationId="makeKey")
@require_owner_session
@rate_limit("password")
@keys.arguments(schemas.NewKey, location="json")
@keys.answers(201, schemas.MadeKey, message="API key created. It is shown only once.")
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Create an API key. An account has at most 25. A password reset or a changed address revokes all of them."""
    return service.create(caller(), **body)


@keys.route("/api/me/keys")
@keys.doc(operationId="listKeys")
@require_session
@keys.arguments(PageQuery, location="query")
@keys.lists(schemas.KeyOf, message="Your API keys.")
def list_keys(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List the account's API keys."""
    return service.list_keys(caller(), **query)


@keys.route("/api/me/keys/<uuid:key_id>", methods=["DELETE"])
@keys.doc(operationId="deleteKey")
@require_session
@keys.answers(200, message="API key revoked.")
def revoke(key_id: uuid.UUID) -> None:
    """Revoke an API key."""
    service.revoke(key_id, caller())


@keys.route("/api/token/introspect", methods=["POST"])
@keys.doc(operationId="introspectToken")
@require_api_key("tokens:introspect")
@keys.arguments(schemas.Introspect, location="json_or_form")
@keys.response(200, schemas.Introspected, description="The state of the token, without the envelope (RFC 7662).")
def introspect(body: dict[str, Any]) -> Response:
    """Introspect an access token: whether it is active, whose it is, and their role."""
    return as_json(schemas.Introspected().dump(service.introspect(**body)))
