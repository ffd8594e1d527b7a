"""A blueprint whose views declare what they take and give; the OpenAPI description is made from the same words."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, NoReturn

import marshmallow as ma
from flask import Response, redirect, url_for
from flask_smorest import Blueprint as SmorestBlueprint
from webargs.flaskparser import FlaskParser

from forms_service.errors import FieldError, ValidationError
from forms_service.validation.base import MAX_NAME_LENGTH, Schema, errors_by_path
from forms_service.web.bodies import JSON, MULTIPART, URLENCODED, json_body, json_or_form_body
from forms_service.web.pagination import Page
from forms_service.web.responses import success, wants_page

PAGE = {"type": "string"}
"""The schema of a page."""


class BodyParser(FlaskParser):
    """webargs with our reader: `json` is JSON, `json_or_form` is what web forms send as well."""

    DEFAULT_VALIDATION_STATUS = 422
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "json_or_form": ma.RAISE, "query": ma.RAISE}
    __location_map__ = {**FlaskParser.__location_map__, "json_or_form": "load_json_or_form"}

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        """The body as JSON."""
        return json_body()

    def load_json_or_form(self, req: Any, schema: ma.Schema) -> Any:
        """The body as JSON or form fields."""
        return json_or_form_body()

    def load_querystring(self, req: Any, schema: ma.Schema) -> Any:
        """The query; of a parameter that comes twice neither value is dropped in silence.

        :raises ValidationError: naming it, unless its field takes several (`is_multiple`)
        """
        found = super().load_querystring(req, schema)
        twice = [name for name, values in req.args.lists() if len(values) > 1 and name not in found.multiple_keys]
        if twice:
            fault = FieldError("Send this parameter only once.", "repeated")
            raise ValidationError({name[:MAX_NAME_LENGTH]: [fault] for name in twice})
        return found

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Every fault of every field, in one error."""
        (messages,) = error.messages_dict.values()  # by location
        raise ValidationError(errors_by_path(messages)) from error


class Blueprint(SmorestBlueprint):
    """The routes of a feature; see `accounts/me/views.py` for an example."""

    ARGUMENTS_PARSER = BodyParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **SmorestBlueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "json_or_form": JSON,
    }

    def answers(
        self, status: int, schema: type[Schema] | None = None, *, message: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Put what a view returns into the envelope, by `schema`, and describe it."""
        dumper = schema() if schema else None

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                result = view(*args, **kwargs)
                if isinstance(result, Response):
                    return result
                return success(dumper.dump(result) if dumper else result, message=message, status=status)

            document = self.response(status, envelope(schema), description=message)
            return document(wrapper)  # type: ignore[no-any-return]  # flask-smorest has no types

        return decorate

    def may_take_time(self, message: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Answer 202 with that message where a view returns that something is left to the background."""

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                is_done: bool = view(*args, **kwargs)
                return None if is_done else success(message=message, status=202)

            document = self.alt_response(202, schema=envelope(None), description=message)
            return document(wrapper)  # type: ignore[no-any-return]  # flask-smorest has no types

        return decorate

    def lists(
        self, schema: type[Schema], *, message: str, meta: "type[ListMeta] | None" = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Put the `Page` that a view returns into the envelope, each item by `schema`, and describe it."""
        dumper = schema(many=True)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                found: Page[Any] = view(*args, **kwargs)
                return success(dumper.dump(found.items), message=message, meta={"next": found.next, **found.meta})

            document = self.response(200, list_envelope(schema, meta or ListMeta), description=message)
            return document(wrapper)  # type: ignore[no-any-return]  # flask-smorest has no types

        return decorate

    def web_form(self, template: str, done: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Let people's browsers send it as well: they get pages where programs get JSON.

        What went well leads on to the page of endpoint `done` (303); what did not shows `template` again, with
        what is wrong in `errors` and what was typed in `values` (`web/error_handlers.py`).
        """

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                response = view(*args, **kwargs)
                return redirect(url_for(done), 303) if wants_page() else response

            wrapper.form_template = template  # type: ignore[attr-defined]  # a mark on a function
            document = self.alt_response(303, schema=PAGE, content_type="text/html", description="Redirects to a page.")
            return document(wrapper)  # type: ignore[no-any-return]  # flask-smorest has no types

        return decorate

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **kwargs: Any) -> Any:
        """flask-smorest describes one type of body; ours come in three."""
        parameters = doc_info.get("arguments", {}).get("parameters", [])
        takes_forms = any(parameter["in"] == "json_or_form" for parameter in parameters)
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        if takes_forms:
            content = doc["requestBody"]["content"]
            content |= {kind: {"schema": form_of(content[JSON]["schema"])} for kind in (URLENCODED, MULTIPART)}
        return doc


@cache
def form_of(schema: type[Schema]) -> type[Schema]:
    """The schema as a form sends it: there is no null, a field is empty or left out."""

    def forbid_none(self: Schema, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        field_obj.allow_none = False

    return type(f"{schema.__name__}Form", (schema,), {"on_bind_field": forbid_none})


class ListMeta(Schema):
    """Metadata of a list."""

    next = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Cursor of the next page; null on the last one."}
    )


@cache
def envelope(schema: type[Schema] | None) -> type[ma.Schema]:
    """The schema of a successful answer that holds `schema`."""
    name = schema.__name__ if schema else "Nothing"
    data: ma.fields.Field[Any] = ma.fields.Nested(schema, required=True) if schema else ma.fields.Raw(required=True)
    return _envelope(f"{name}Answer", data, ma.fields.Dict(required=True))


@cache
def list_envelope(schema: type[Schema], meta: type[ListMeta]) -> type[ma.Schema]:
    """The schema of a successful answer that holds a page of `schema`."""
    items = ma.fields.List(ma.fields.Nested(schema), required=True)
    name = f"{schema.__name__}{meta.__name__.removesuffix('Meta')}Answer"
    return _envelope(name, items, ma.fields.Nested(meta, required=True))


def _envelope(name: str, data: ma.fields.Field[Any], meta: ma.fields.Field[Any]) -> type[ma.Schema]:
    fields: dict[str, Any] = {
        "success": ma.fields.Boolean(required=True, metadata={"const": True}),
        "message": ma.fields.String(required=True),
        "data": data,
        "meta": meta,
    }
    return ma.Schema.from_dict(fields, name=name)
