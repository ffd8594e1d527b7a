"""OpenAPI 3.1 description, made from the validating schemas, and its page."""

import hashlib
import json
import threading
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import marshmallow as ma
from flask import Blueprint as FlaskBlueprint
from flask import Flask, Response, current_app, request
from flask_smorest import Api
from flask_smorest.spec import openapi_cli

from forms_service import __version__
from forms_service.validation.fields import Text
from forms_service.validation.primitives import BoundedInteger, OneOf, SingleLine, StrictBoolean
from forms_service.web import openapi_document
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.responses import page
from forms_service.web.route_policy import public
from forms_service.web.security_headers import DOCS_POLICY

DESCRIPTION = """A self-hosted backend for the forms on your website.

Every response is JSON in one envelope: `success`, `message`, and `data` with `meta`, or `error_type` with `errors` and
`codes` by field. A public POST also accepts HTML form encodings and answers a browser with a page. Every response
carries `X-Request-ID`; every rate-limited one `X-RateLimit-Limit`, `-Remaining` and `-Reset` (epoch seconds).
"""

LICENSE = {"name": "MIT", "identifier": "MIT"}

FIELD_TYPES: dict[type[ma.fields.Field[Any]], str] = {
    Text: "string",
    SingleLine: "string",
    OneOf: "string",
    BoundedInteger: "integer",
    StrictBoolean: "boolean",
}
"""JSON types of our fields."""

ASSETS = ("vendor/swagger-ui/swagger-ui.css", "vendor/swagger-ui/swagger-ui-bundle.js", "docs.js")


class ErrorAnswer(ma.Schema):
    success = ma.fields.Boolean(required=True, metadata={"const": False})
    message = ma.fields.String(required=True, metadata={"description": "What went wrong and what to do, for people."})
    error_type = ma.fields.String(required=True, metadata={"examples": ["ValidationError"]})
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(),
        metadata={"description": "Only with 422: field path → everything wrong with that field, in sentences."},
    )
    codes = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        metadata={"description": "Only with 422: field path → the same errors as codes."},
    )
    details = ma.fields.Dict(keys=ma.fields.String())


class Description(Api):
    """Generates lazily: it takes longer than the rest of a start."""

    ERROR_SCHEMA = ErrorAnswer

    def __init__(self, app: Flask, blueprints: Sequence[Blueprint]) -> None:
        super().__init__(spec_kwargs={"info": {"description": DESCRIPTION, "license": LICENSE}})
        self._app = app
        self._lock = threading.RLock()
        self._waiting = blueprints
        app.extensions["flask-smorest"] = {"apis": {"": {"ext_obj": self}}, "blp_name_to_api": {}}
        app.cli.add_command(openapi_cli)

    @property
    def spec(self) -> Any:
        with self._lock:
            waiting, self._waiting = self._waiting, ()
            if waiting:
                self._describe(waiting)
            return self._spec

    @spec.setter
    def spec(self, spec: Any) -> None:
        self._spec = spec

    def _describe(self, blueprints: Sequence[Blueprint]) -> None:
        self.init_app(self._app)
        for field, json_type in FIELD_TYPES.items():
            self.register_field(field, json_type, None)
        self.ma_plugin.converter.add_attribute_function(_json_schema)
        self._spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
        self._spec.components.security_scheme("bounce_token", {"type": "http", "scheme": "bearer"})
        for blueprint in blueprints:
            blueprint.register_views_in_doc(self, self._app, self._spec, name=blueprint.name, parameters=None)
            self._spec.tag({"name": blueprint.name, "description": blueprint.description})
        document = openapi_document.finished(self._spec.to_dict())
        self._spec.to_dict = lambda: document

    def _register_error_handlers(self) -> None:
        """Ours are in `web/error_handlers.py`."""


docs = FlaskBlueprint("docs", __name__)


def init_app(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    app.config["API_TITLE"] = "forms_service"
    app.config["API_VERSION"] = __version__
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.extensions["description"] = Description(app, blueprints)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.extensions["rendered_description"] = (None, "")
    app.register_blueprint(docs)


def described(app: Flask) -> dict[str, Any]:
    """Return what `openapi.json` holds."""
    description: dict[str, Any] = app.extensions["description"].spec.to_dict()
    return description


@docs.get("/api/openapi.json")
@public
def openapi() -> Response:
    """The description, with the path that the service is mounted under."""
    rendered = current_app.extensions["rendered_description"]
    if rendered[0] != request.script_root:  # one path in practice; rendering takes 6 ms
        mounted = {"servers": [{"url": request.script_root}]} if request.script_root else {}
        text = json.dumps(described(current_app) | mounted, indent=2)
        rendered = current_app.extensions["rendered_description"] = (request.script_root, text)
    return Response(rendered[1], mimetype="application/json")


@docs.get("/api/docs")
@public
def show() -> Response:
    """Show Swagger UI, served from here."""
    folder = Path(current_app.static_folder or "")
    response = page("docs.html", assets={asset: integrity(folder / asset) for asset in ASSETS})
    response.policy = DOCS_POLICY  # type: ignore[attr-defined]  # read by web/security_headers.py
    return response


@cache
def integrity(path: Path) -> str:
    """Return a Subresource Integrity hash."""
    return "sha384-" + b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def _json_schema(_: object, field: ma.fields.Field[Any], **__: Any) -> dict[str, Any]:
    return getattr(field, "json_schema", {})
