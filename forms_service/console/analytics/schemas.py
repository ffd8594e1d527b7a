"""Query of the page."""

from forms_service.validation.base import Schema
from forms_service.web.pagination import QueryInteger

PERIODS = (7, 30, 90, 365)
"""Days."""


class AnalyticsQuery(Schema):
    days = QueryInteger(1, 366, load_default=30)
