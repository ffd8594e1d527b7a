"""The app factory: binds every part of the service."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter

from forms_service import caching, logs, redis_client, request_lifecycle
from forms_service.accounts import cleanup, guards, password_hashing
from forms_service.accounts.api_keys.views import keys
from forms_service.accounts.me.views import me
from forms_service.accounts.pages import accounts
from forms_service.accounts.recovery.views import recovery
from forms_service.accounts.sessions.views import sessions
from forms_service.accounts.signup.views import signup
from forms_service.background import runner
from forms_service.config import Settings
from forms_service.console.account.views import account_pages
from forms_service.console.analytics.views import analytics_pages
from forms_service.console.build.views import build_pages
from forms_service.console.bulk.views import bulk_pages
from forms_service.console.deliveries.views import delivery_pages
from forms_service.console.exports.views import export_pages
from forms_service.console.inbox.views import inbox_pages
from forms_service.console.members.views import members_pages
from forms_service.console.notifications.views import notification_pages
from forms_service.console.operator.views import operator_pages
from forms_service.console.people.views import people_pages
from forms_service.console.settings.views import settings_pages
from forms_service.console.share.views import share_pages
from forms_service.console.views import console
from forms_service.console.webhooks.views import webhook_pages
from forms_service.database import engine, migrations, transactions
from forms_service.delivery import worker
from forms_service.delivery.views import bounces
from forms_service.encryption import keyring
from forms_service.file_store import stores
from forms_service.forms import cache, deletion
from forms_service.forms.members import erasure as invitations
from forms_service.forms.members.views import members
from forms_service.forms.views import forms, hosted, scripts
from forms_service.health import checks
from forms_service.health.views import health_blueprint
from forms_service.inbox.views import inbox
from forms_service.intake import in_flight, storing
from forms_service.intake.views import puzzles, taking
from forms_service.notifications import submission_mail
from forms_service.notifications.deliveries.views import deliveries
from forms_service.notifications.recipients import digests, listeners
from forms_service.notifications.recipients.pages import subscription_pages
from forms_service.notifications.recipients.views import recipients
from forms_service.privacy import account_export, retention
from forms_service.privacy.views import people_blueprint
from forms_service.rate_limiting import limits
from forms_service.replies import automatic_reply, caps, opt_in, proofs
from forms_service.replies.views import links
from forms_service.spam import altcha_challenges
from forms_service.spam import checks as spam_checks
from forms_service.submissions import refusals, rescan, storage_quota
from forms_service.uploads import storage
from forms_service.virus_scanner import clamd
from forms_service.web import client, error_handlers, languages, openapi, pages, security_headers
from forms_service.webhooks import delivery as webhook_delivery
from forms_service.webhooks.management.views import webhooks_blueprint

BLUEPRINTS = (
    signup,
    sessions,
    recovery,
    me,
    keys,
    forms,
    hosted,
    members,
    scripts,
    recipients,
    taking,
    puzzles,
    links,
    inbox,
    deliveries,
    people_blueprint,
    webhooks_blueprint,
    bounces,
    health_blueprint,
)
"""In the order of the OpenAPI description."""

PAGES = (
    accounts,
    subscription_pages,
    console,
    inbox_pages,
    bulk_pages,
    export_pages,
    analytics_pages,
    build_pages,
    members_pages,
    people_pages,
    account_pages,
    operator_pages,
    settings_pages,
    share_pages,
    notification_pages,
    webhook_pages,
    delivery_pages,
)
"""Pages without a description."""

FEATURES = (
    storage,
    storage_quota,
    in_flight,
    storing,
    spam_checks,
    altcha_challenges,
    submission_mail,
    listeners,
    digests,
    invitations,
    webhook_delivery,
    automatic_reply,
    opt_in,
    caps,
    proofs,
    refusals,
    rescan,
    retention,
    account_export,
)
"""Features of an owner's forms."""


class Application(Flask):
    """Leaves out what Flask does in each request for coroutines, websockets and subdomains."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(None)
        environ = request.environ
        return self.url_map.bind(
            request.host,  # checked: Werkzeug raises SecurityError for an invalid one
            request.root_path,
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            default_method=environ["REQUEST_METHOD"],
            path_info=request.path,
            query_args=environ.get("QUERY_STRING", ""),
        )


def create_app(settings: Settings, *, start: bool = True) -> Flask:
    """Return the WSGI app; it starts even without its database or Redis.

    Without `start`, nothing is migrated or unlocked: `flask setup` checks the database first.

    :raises StartError: if the database is newer than the code, or ENCRYPTION_KEYS cannot unlock it
    """
    app = Application(__name__, instance_path=str(settings.instance_path.absolute()))
    # no SECRET_KEY: the service has no Flask sessions, and nothing looks for one then
    app.config.update(SETTINGS=settings, MAX_CONTENT_LENGTH=settings.max_content_length)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    logs.configure(settings.log_level, settings.log_format)
    for part in (redis_client, caching, client):
        part.init_app(app, settings)
    for part in (security_headers, request_lifecycle, error_handlers, languages, pages):
        part.init_app(app)
    for part in (limits, engine, password_hashing, stores, clamd):
        part.init_app(app, settings)
    for part in (migrations, keyring, runner, worker, guards, cleanup, cache, deletion, checks):
        part.init_app(app)
    for part in FEATURES:
        part.init_app(app)
    openapi.init_app(app, BLUEPRINTS)
    for pages_of_ours in PAGES:
        app.register_blueprint(pages_of_ours)
    if start:
        with app.app_context(), transactions.dispose_engine():
            if migrations.migrate_on_start():
                keyring.unlock()
    return app
