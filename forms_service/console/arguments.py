"""Parsers of forms and queries."""

from functools import partial

import marshmallow as ma

from forms_service.web.api_blueprint import BodyParser

form_arguments = partial(BodyParser().use_args, location="json_or_form")

query_arguments = partial(BodyParser().use_args, location="query", unknown=ma.EXCLUDE)
"""Mail gateways add parameters of their own to links; `done` is a notice."""
