"""Every route of the API and the console: what it is about, and the role that it needs on a form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.routing import Rule

from forms_service.forms.access import EDITOR, MANAGER, OWNER, VIEWER
from tests.support.members import MAX

FAR = {"url": "https://93.184.215.14/"}
HOOK = {**FAR, "format": "standard", "events": "submission.created"}
DRAFT = {"base": "2", "version": "2", "action": "save"}
"""The editor's hidden inputs."""

OF_ALL = " of all forms"
"""Ends the name of a rule without a form, where the endpoint has one with a form too."""


@dataclass(frozen=True)
class FormRoute:
    """A request that succeeds for who has the role."""

    needed: str
    body: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    only: tuple[str, ...] = ()
    """Roles, instead of those that include the needed one."""

    makes_a_form: bool = False
    """Whether the account must be one that may have forms."""

    is_hidden: bool = False
    """Whether it does not exist for members either who may not."""


NOT_OF_A_FORM = {
    *("signup.sign_up", "signup.confirm", "signup.resend", "sessions.login", "sessions.refresh", "sessions.logout"),
    *("sessions.list_sessions", "sessions.end_sessions", "sessions.end_session", "recovery.forgot", "recovery.reset"),
    *("me.show", "me.change", "me.erase", "me.change_password", "me.change_email", "me.confirm_email", "me.export"),
    *("me.events", "keys.create", "keys.list_keys", "keys.revoke", "keys.introspect", "forms.create"),
    *("forms.list_forms", "people.find", "people.export_person", "people.erase", "webhooks.create"),
    *("webhooks.list_all", "bounces.report_bounce", "docs.openapi", "docs.show"),
    *("console.show_sign_in", "console.sign_in", "console.sign_out", "console.list_forms"),
    *("console_members.invitation", "console_members.answer_invitation"),
    *("console_build.choose", "console_build.create"),
    *("console_people.show", "console_people.find", "console_people.export", "console_people.erase"),
    *("console_account.show", "console_account.change_profile", "console_account.show_password"),
    *("console_account.change_password", "console_account.show_email", "console_account.change_email"),
    *("console_account.end_session", "console_account.end_other_sessions", "console_account.export"),
    *("console_account.show_deletion", "console_account.erase", "console_account.show_keys"),
    *("console_account.make_key", "console_account.revoke_key", "console_account.show_events"),
    *("console_operator.show", "console_operator.list_accounts", "console_operator.find_account"),
    *("console_operator.show_account", "console_operator.enable_account", "console_operator.disable_account"),
    *("console_operator.change_role", "console_operator.list_suppressions"),
    *("console_operator.change_suppression", "console_operator.remove_suppression"),
    *(f"console_webhooks.{name}{OF_ALL}" for name in ("show_list", "show_new", "create", "show_sample")),
}
"""They act on one's own account, or on all forms that one has."""

WEBHOOK_BODIES: Mapping[str, Mapping[str, Any]] = {
    "show": {},
    "show_change": {},
    "change": {**HOOK, "description": "Changed"},
    "switch": {"action": "off"},
    "rotate": {},
    "test": {"event": "submission.created"},
    "retry": {"since": "2026-01-01"},
    "retry_delivery": {},
    "delete": {},
}
"""Page of one webhook → body."""

WEBHOOK_PAGES = {
    "console_webhooks.show_list": FormRoute(MANAGER),
    "console_webhooks.show_new": FormRoute(MANAGER),
    "console_webhooks.create": FormRoute(MANAGER, HOOK),
    "console_webhooks.show_sample": FormRoute(MANAGER),
    **{f"console_webhooks.{name}": FormRoute(MANAGER, body) for name, body in WEBHOOK_BODIES.items()},
}
GENERAL_WEBHOOK_PAGES = {
    f"console_webhooks.{name}{OF_ALL}": FormRoute(OWNER, body, is_hidden=True) for name, body in WEBHOOK_BODIES.items()
}
"""Of a webhook for all forms of the owner: none of the members' business."""

OF_A_FORM: Mapping[str, FormRoute] = {
    "forms.show": FormRoute(VIEWER),
    "forms.list_versions": FormRoute(VIEWER),
    "forms.show_version": FormRoute(VIEWER),
    "forms.change": FormRoute(MANAGER, {"name": "Renamed"}),
    "forms.delete": FormRoute(OWNER),
    "forms.copy": FormRoute(VIEWER, makes_a_form=True),
    "members.list_members": FormRoute(VIEWER),
    "members.invite": FormRoute(MANAGER, {"email": "carol@example.com", "role": "viewer"}),
    "members.change": FormRoute(MANAGER, {"role": "editor"}),
    "members.remove": FormRoute(MANAGER),
    "members.hand_over": FormRoute(OWNER, {"email": MAX}),
    "members.list_events": FormRoute(OWNER),
    "recipients.list_recipients": FormRoute(MANAGER),
    "recipients.add": FormRoute(MANAGER, {"email": "carol@example.com"}),
    "recipients.change": FormRoute(MANAGER, {"frequency": "daily"}),
    "recipients.remove": FormRoute(MANAGER),
    "inbox.list_": FormRoute(VIEWER),
    "inbox.search_submissions": FormRoute(VIEWER, {"q": "Ann"}),
    "inbox.bulk": FormRoute(EDITOR, {"ids": ["{submission_id}"], "read": True}),
    "inbox.export_submissions": FormRoute(EDITOR, query="?format=csv"),
    "inbox.erasure": FormRoute(OWNER, is_hidden=True),
    "inbox.stats": FormRoute(VIEWER),
    "inbox.get": FormRoute(VIEWER),
    "inbox.patch": FormRoute(EDITOR, {"status": "archived"}),
    "inbox.delete": FormRoute(EDITOR),
    "inbox.file": FormRoute(VIEWER),
    "deliveries.list_": FormRoute(MANAGER),
    "deliveries.get": FormRoute(MANAGER),
    "deliveries.retry": FormRoute(MANAGER),
    "webhooks.create_for_form": FormRoute(MANAGER, FAR),
    "webhooks.list_of_form": FormRoute(MANAGER),
    "webhooks.sample": FormRoute(VIEWER, query="?form_id={form_id}"),
    "webhooks.show": FormRoute(MANAGER),
    "webhooks.change": FormRoute(MANAGER, {"enabled": False}),
    "webhooks.delete": FormRoute(MANAGER),
    "webhooks.rotate": FormRoute(MANAGER),
    "webhooks.test": FormRoute(MANAGER),
    "webhooks.retry": FormRoute(MANAGER, {"since": "2026-01-01"}),
    "console_inbox.list_submissions": FormRoute(VIEWER),
    "console_inbox.show_submission": FormRoute(VIEWER),
    "console_inbox.change_submission": FormRoute(EDITOR, {"action": "archive"}),
    "console_inbox.change_selection": FormRoute(EDITOR, {"ids": ["{submission_id}"], "action": "archive"}),
    "console_inbox.undo": FormRoute(EDITOR, {"token": "{undo_token}"}),
    "console_inbox.show_search": FormRoute(VIEWER),
    "console_inbox.search": FormRoute(VIEWER, {"q": "Ann"}),
    "console_inbox.download_file": FormRoute(VIEWER),
    "console_inbox.view_file": FormRoute(VIEWER),
    "console_bulk.show": FormRoute(EDITOR),
    "console_bulk.run": FormRoute(EDITOR, {"action": "read", "before": "2100-01-01T00:00:00+00:00"}),
    "console_exports.show": FormRoute(EDITOR),
    "console_exports.run": FormRoute(EDITOR, {"format": "csv"}),
    "console_share.show": FormRoute(VIEWER),
    "console_share.send_test": FormRoute(VIEWER, {"way": "html"}),
    "console_share.delete_test": FormRoute(EDITOR, {"way": "html", "submission": "{submission_id}"}),
    "console_share.download_qr_code": FormRoute(VIEWER),
    "console_notifications.show": FormRoute(MANAGER),
    "console_notifications.save_subject": FormRoute(MANAGER, {"subject": "New message"}),
    "console_notifications.save_reply": FormRoute(MANAGER, {"action": "off"}),
    "console_notifications.save_opt_in": FormRoute(MANAGER, {"action": "off"}),
    "console_notifications.show_new_recipient": FormRoute(MANAGER),
    "console_notifications.add_recipient": FormRoute(MANAGER, {"email": "carol@example.com"}),
    "console_notifications.show_recipient": FormRoute(MANAGER),
    "console_notifications.change_recipient": FormRoute(MANAGER, {"frequency": "daily"}),
    "console_notifications.ask_again": FormRoute(MANAGER),
    "console_notifications.remove_recipient": FormRoute(MANAGER),
    "console_deliveries.show": FormRoute(MANAGER),
    "console_deliveries.retry": FormRoute(MANAGER),
    "console_members.list_members": FormRoute(VIEWER),
    "console_members.invite": FormRoute(MANAGER, {"email": "carol@example.com", "role": "viewer"}),
    "console_members.change": FormRoute(MANAGER, {"action": "role", "role": "editor"}),
    "console_members.leave": FormRoute(VIEWER, only=("manager", "editor", "viewer"), is_hidden=True),
    "console_members.hand_over": FormRoute(OWNER, {"new_owner": MAX}),
    "console_analytics.show": FormRoute(VIEWER),
    "console_build.show": FormRoute(MANAGER),
    "console_build.edit": FormRoute(MANAGER, {**DRAFT, "name": "Renamed"}),
    "console_build.preview": FormRoute(MANAGER, DRAFT),
    "console_build.card": FormRoute(MANAGER, DRAFT),
    "console_build.restore": FormRoute(MANAGER, {"version": "2"}),
    "console_build.copy": FormRoute(VIEWER, makes_a_form=True),
    "console_settings.show": FormRoute(MANAGER),
    "console_settings.save": FormRoute(MANAGER, {"name": "Renamed"}),
    "console_settings.ask_to_delete": FormRoute(OWNER),
    "console_settings.delete": FormRoute(OWNER),
    **WEBHOOK_PAGES,
    **GENERAL_WEBHOOK_PAGES,
}
"""Name of a rule → request."""


def name_of(rule: Rule) -> str:
    return rule.endpoint + (OF_ALL if rule.defaults else "")
