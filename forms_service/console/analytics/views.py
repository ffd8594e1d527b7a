"""The page of a form's statistics."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.analytics import schemas
from forms_service.console.analytics.page import show_analytics
from forms_service.console.arguments import query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import current_preferences, render
from forms_service.rate_limiting.limits import rate_limit

analytics_pages = Blueprint("console_analytics", __name__)


@analytics_pages.get("/console/forms/<form_id>/analytics")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.AnalyticsQuery())
def show(query: dict[str, Any], form_id: str) -> Response:
    """Show statistics of a form."""
    values = show_analytics(form_id, caller(), query["days"], current_preferences())
    return render("console/analytics/page.html", **values)
