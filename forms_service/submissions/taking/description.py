"""What the OpenAPI description says of the public endpoint, which takes whatever a form asks for."""

from typing import Any

from forms_service.web.api_blueprint import PAGE
from forms_service.web.bodies import JSON, MULTIPART, URLENCODED

ANY_FIELDS = {"type": "object", "minProperties": 1, "maxProperties": 500, "additionalProperties": True}
ACCEPTED = {
    "type": "object",
    "required": ["success", "ok", "message", "data", "meta", "next"],
    "properties": {
        "success": {"type": "boolean", "const": True},
        "ok": {"type": "boolean", "const": True},
        "message": {"type": "string"},
        "data": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string", "format": "uuid"}},
        },
        "meta": {"type": "object"},
        "next": {"type": "string", "format": "uri", "description": "Where a page leads its visitor now."},
    },
}
FORMSPREE_ERRORS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["message"],
        "properties": {"code": {"type": "string"}, "field": {"type": "string"}, "message": {"type": "string"}},
    },
}
REFUSED = {
    "type": "object",
    "required": ["success", "message", "error_type", "error"],
    "properties": {
        "success": {"type": "boolean", "const": False},
        "message": {"type": "string"},
        "error_type": {"type": "string"},
        "error": {"type": "string", "description": "The same as `message`."},
        "errors": {
            "description": "With 422: field → everything that is wrong with it; a list for who sends Formspree-Client.",
            "oneOf": [{"type": "object", "additionalProperties": {"type": "string"}}, FORMSPREE_ERRORS],
        },
        "codes": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "details": {"type": "object"},
    },
}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "The same key and content get the first answer's id again for 24 hours. It counts for its client.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}, "text/html": {"schema": PAGE}}}


SUBMIT: dict[str, Any] = {
    "operationId": "submit",
    "parameters": [KEY],
    "requestBody": {
        "required": True,
        # in words: generators of clients drop an operation that takes a type which they do not know
        "description": "Also `text/plain`: a JSON object, as beacons send it, or lines of `name=value`.",
        "content": {kind: {"schema": ANY_FIELDS} for kind in (JSON, URLENCODED, MULTIPART)},
    },
    "responses": {
        "200": {"description": "It is stored.", "content": {JSON: {"schema": ACCEPTED}}},
        "303": {"description": "It is stored; a browser goes on.", "content": {"text/html": {"schema": PAGE}}},
        "default": _answer("It is not stored.", REFUSED),
    },
}
PREFLIGHT: dict[str, Any] = {
    "operationId": "preflight",
    "responses": {
        "204": {"description": "What a page of the form's sites may send."},
        "default": _answer("There is no such form.", REFUSED),
    },
}
