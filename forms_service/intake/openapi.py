"""OpenAPI description of the public endpoint."""

from typing import Any

from forms_service.validation import references
from forms_service.web.api_blueprint import PAGE
from forms_service.web.bodies import JSON, MULTIPART, URLENCODED

ANY_FIELDS = {"type": "object", "minProperties": 1, "maxProperties": 500, "additionalProperties": True}
ACCEPTED = {
    "type": "object",
    "required": ["success", "ok", "message", "data", "meta", "next"],
    "properties": {
        "success": {"type": "boolean", "const": True},
        "ok": {"type": "boolean", "const": True},
        "message": {"type": "string", "description": "`settings.thanks.text` of the form, if it has one."},
        "data": {
            "type": "object",
            "required": ["id", "reference"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "reference": {"type": "string", **references.DESCRIPTION},
                "status": {
                    "type": "string",
                    "const": "unconfirmed",
                    "description": "Only with double opt-in: the person gets a mail with a link to confirm.",
                },
            },
        },
        "meta": {"type": "object"},
        "next": {"type": "string", "format": "uri", "description": "Where to send the visitor next."},
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
            "description": "Only with 422: field → everything wrong with it; with a Formspree-Client header, a list.",
            "oneOf": [{"type": "object", "additionalProperties": {"type": "string"}}, FORMSPREE_ERRORS],
        },
        "codes": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "details": {
            "type": "object",
            "description": "Of a closed or full form `reason` is `INACTIVE`; before it opens, `opens_at` says when.",
        },
    },
}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "For 24 hours, the same key and content from the same client return the first response's id.",
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
        "description": "Also `text/plain`: a JSON object, as sent by beacons, or lines of `name=value`.",
        "content": {kind: {"schema": ANY_FIELDS} for kind in (JSON, URLENCODED, MULTIPART)},
    },
    "responses": {
        "200": {"description": "The submission was stored.", "content": {JSON: {"schema": ACCEPTED}}},
        "303": {
            "description": "The submission was stored; redirects the browser.",
            "content": {"text/html": {"schema": PAGE}},
        },
        "default": _answer("The submission was not stored.", REFUSED),
    },
}
PREFLIGHT: dict[str, Any] = {
    "operationId": "preflight",
    "responses": {
        "204": {"description": "The CORS headers for the form's allowed origins."},
        "default": _answer("No such form.", REFUSED),
    },
}
CHALLENGE: dict[str, Any] = {
    "operationId": "getChallenge",
    "responses": {"200": {"description": "The challenge.", "content": {JSON: {"schema": {"type": "object"}}}}},
}
START: dict[str, Any] = {
    "operationId": "startForm",
    "responses": {
        "200": {
            "description": "The signed time, and the challenge.",
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "required": ["success", "message", "data", "meta"],
                        "properties": {
                            "success": {"type": "boolean", "const": True},
                            "message": {"type": "string"},
                            "data": {
                                "type": "object",
                                "required": ["started", "challenge", "words"],
                                "properties": {
                                    "started": {"type": "string"},
                                    "challenge": {"type": ["object", "null"]},
                                    "words": {"type": "object", "additionalProperties": {"type": "string"}},
                                },
                            },
                            "meta": {"type": "object"},
                        },
                    }
                }
            },
        }
    },
}
CHALLENGE_PREFLIGHT: dict[str, Any] = {
    "operationId": "preflightChallenge",
    "responses": {"204": {"description": "The CORS headers for the form's allowed origins."}},
}
