"""Blueprint whose decorators parse input, serialize output and document both in OpenAPI."""

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
"""HTML page in OpenAPI."""


class BodyParser(FlaskParser):
    """Uses our body readers; `json_or_form` accepts HTML form encodings too."""

    DEFAULT_VALIDATION_STATUS = 422
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "json_or_form": ma.RAISE, "query": ma.RAISE}
    __location_map__ = {**FlaskParser.__location_map__, "json_or_form": "load_json_or_form"}

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        """Take no body at all for an empty object, in a POST of which nothing is required."""
        is_empty = not req.content_length and not req.mimetype and "Transfer-Encoding" not in req.headers
        if req.method == "POST" and is_empty and not any(field.required for field in schema.fields.values()):
            return {}
        return json_body()

    def load_json_or_form(self, req: Any, schema: ma.Schema) -> Any:
        return json_or_form_body()

    def load_querystring(self, req: Any, schema: ma.Schema) -> Any:
        """Refuse repeated parameters unless `is_multiple`."""
        query = super().load_querystring(req, schema)
        twice = [name for name, values in req.args.lists() if len(values) > 1 and name not in query.multiple_keys]
        if twice:
            fault = FieldError("Send this parameter only once.", "repeated")
            raise ValidationError({name[:MAX_NAME_LENGTH]: [fault] for name in twice})
        return query

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        (messages,) = error.messages_dict.values()  # by location
        raise ValidationError(errors_by_path(messages)) from error


class Blueprint(SmorestBlueprint):
    """Routes of one feature, as in `accounts/me/views.py`."""

    ARGUMENTS_PARSER = BodyParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **SmorestBlueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "json_or_form": JSON,
    }

    def answers(
        self, status: int, schema: type[Schema] | None = None, *, message: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Serialize the result by `schema`, in the success envelope."""
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
        """Respond 202 if the view returns False: background work remains."""

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
        """Serialize a `Page`'s items by `schema`, in the list envelope."""
        dumper = schema(many=True)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                page: Page[Any] = view(*args, **kwargs)
                return success(dumper.dump(page.items), message=message, meta={"next": page.next, **page.meta})

            document = self.response(200, list_envelope(schema, meta or ListMeta), description=message)
            return document(wrapper)  # type: ignore[no-any-return]  # flask-smorest has no types

        return decorate

    def web_form(self, template: str, done: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Serve browsers too: 303 to endpoint `done`, or `template` with `errors` and `values`."""

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
        # flask-smorest documents one content type per body; these come in three
        parameters = doc_info.get("arguments", {}).get("parameters", [])
        takes_forms = any(parameter["in"] == "json_or_form" for parameter in parameters)
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        if takes_forms:
            content = doc["requestBody"]["content"]
            content |= {kind: {"schema": form_of(content[JSON]["schema"])} for kind in (URLENCODED, MULTIPART)}
        return doc


@cache
def form_of(schema: type[Schema]) -> type[Schema]:
    """Drop null, which form encodings lack."""

    def forbid_none(self: Schema, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        field_obj.allow_none = False

    return type(f"{schema.__name__}Form", (schema,), {"on_bind_field": forbid_none})


class ListMeta(Schema):
    next = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Cursor of the next page; null on the last one."}
    )


@cache
def envelope(schema: type[Schema] | None) -> type[ma.Schema]:
    name = schema.__name__ if schema else "Nothing"
    data: ma.fields.Field[Any] = ma.fields.Nested(schema, required=True) if schema else ma.fields.Raw(required=True)
    return _envelope(f"{name}Answer", data, ma.fields.Dict(required=True))


@cache
def list_envelope(schema: type[Schema], meta: type[ListMeta]) -> type[ma.Schema]:
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
