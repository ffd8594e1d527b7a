"""Finishes OpenAPI for validators, linters and client generators.

Names responses by our errors: flask-smorest's `http.HTTPStatus` phrases differ between Python versions.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from forms_service import errors
from forms_service.web.api_blueprint import PAGE
from forms_service.web.bodies import JSON

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ERRORS = "#/components/responses/"
ANY_ERROR = "Error"

REFUSALS: tuple[type[errors.ApiError], ...] = (
    errors.AuthenticationError,
    errors.AuthorizationError,
    errors.NotFoundError,
    errors.ValidationError,
)
"""Others are the default response."""


REQUEST_ID: Document = {
    "in": "header",
    "name": "X-Request-ID",
    "description": "Up to 100 characters of `A-Za-z0-9._-`, repeated in response and log. Generated if omitted.",
    "schema": {"type": "string"},
}


def finished(draft: Document) -> Document:
    document = deepcopy(draft)
    document["servers"] = [{"url": "/"}]
    document["components"]["schemas"].pop("PaginationMetadata", None)  # flask-smorest's own, which nothing uses
    document["components"]["responses"] = _responses()
    for path, operation in operations(document):
        operation.setdefault("security", [])
        _name_access(operation)
        operation.setdefault("parameters", []).append(REQUEST_ID)
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
        _name_errors(operation, has_parameters="{" in path)
    _drop_impossible_defaults(document)
    return document


def _name_access(operation: Document) -> None:
    # the x- extensions, in words
    if "x-required-role" in operation:
        scopes = " and ".join(f"`{scope}`" for scope in operation.get("x-required-scopes", ()))
        ways = ["a session"] if operation["x-session"] else []
        ways += [f"an API key with {scopes}"] if scopes else []
        sentence = f"Requires the role `{operation['x-required-role']}`, with {' or '.join(ways)}."
        operation["description"] = "\n\n".join(filter(None, [operation.get("description"), sentence]))


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield path, operation


def _responses() -> dict[str, Document]:
    schema = {"$ref": "#/components/schemas/ErrorAnswer"}
    content = {JSON: {"schema": schema}, "text/html": {"schema": PAGE}}
    described = {error.__name__: error.message for error in REFUSALS}
    return {
        name: {"description": description, "content": content}
        for name, description in {ANY_ERROR: "Any other error.", **described}.items()
    }


def _name_errors(operation: Document, *, has_parameters: bool) -> None:
    responses = operation["responses"]
    known = {str(error.status): {"$ref": f"{ERRORS}{error.__name__}"} for error in REFUSALS}
    named = {status for status, response in responses.items() if str(response.get("$ref", "")).startswith(ERRORS)}
    for status in named - {"default"}:
        responses[status] = known[status]
    if "default" in named:
        responses["default"] = {"$ref": f"{ERRORS}{ANY_ERROR}"}
    if operation["security"] and {} not in operation["security"]:
        responses |= {status: known[status] for status in ("401", "403")}
        if has_parameters:
            responses["404"] = known["404"]
    # every operation needs a response for the caller's mistakes
    if not any(status.startswith("4") for status in responses):
        responses["4XX"] = responses["default"]


def _drop_impossible_defaults(node: Any) -> None:
    # a default of null where null is invalid: the field may only be left out
    if isinstance(node, list):
        for item in node:
            _drop_impossible_defaults(item)
    elif isinstance(node, dict):
        if "default" in node and node["default"] is None and "null" not in _types(node):
            del node["default"]
        for item in node.values():
            _drop_impossible_defaults(item)


def _types(schema: Document) -> list[str]:
    types = schema.get("type", "null")
    return types if isinstance(types, list) else [types]
