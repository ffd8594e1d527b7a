"""The audit trail in words: the one place that says what each event means."""

from collections.abc import Mapping
from typing import Any

WORDS = {
    # signing in
    "signed_up": "Signed up",
    "signed_up_again": "Somebody signed up again with your address",
    "confirmed": "Confirmed the e-mail address",
    "signup_expired": "The sign-up expired without confirmation",
    "signed_in": "Signed in",
    "sign_in_failed": "A sign-in failed: wrong password",
    "signed_out": "Signed out",
    "signed_out_everywhere": "Signed out everywhere",
    "session_ended": "Ended a session",
    "other_sessions_ended": "Ended all other sessions",
    # the account
    "profile_changed": "Changed the profile",
    "password_changed": "Changed the password",
    "password_forgotten": "Asked for a link to choose a new password",
    "password_reset": "Chose a new password by a link from a mail",
    "password_set": "The operator set a new password",
    "email_change_asked": "Asked to change the e-mail address",
    "email_changed": "Changed the e-mail address",
    "exported": "Exported everything held on the account",
    "erased": "Erased the account",
    "account_created": "The operator created the account",
    "account_disabled": "The operator disabled the account",
    "account_enabled": "The operator enabled the account",
    "account_role_changed": "The operator changed the role of the account",
    # API keys
    "key_created": "Made an API key",
    "key_used": "An API key was used",
    "key_deleted": "Revoked an API key",
    # forms
    "form_created": "Made a form",
    "form_changed": "Changed a form",
    "form_deleted": "Deleted a form",
    "form_transferred": "Handed a form over to a member",
    "form_received": "Was handed a form",
    "member_invited": "Invited a colleague to a form",
    "member_changed": "Changed the role of a colleague",
    "member_removed": "Removed a colleague from a form",
    "member_accepted": "Accepted an invitation to a form",
    "member_declined": "Declined an invitation to a form",
    "member_left": "Left a form",
    "recipient_added": "Added a recipient of notifications",
    "recipient_changed": "Changed a recipient of notifications",
    "recipient_removed": "Removed a recipient of notifications",
    "recipient_confirmed": "A recipient confirmed their address",
    "recipient_unsubscribed": "A recipient unsubscribed",
    "webhook_created": "Made a webhook",
    "webhook_changed": "Changed a webhook",
    "webhook_deleted": "Deleted a webhook",
    "webhook_secret_rotated": "Rotated the secret of a webhook",
    "webhook_retried": "Retried what a webhook failed to take",
    "webhook_disabled": "A webhook was switched off, since its deliveries failed",
    # submissions
    "submissions_exported": "Exported submissions",
    "submissions_imported": "The operator imported submissions",
    "submissions_changed": "Moved or marked submissions",
    "submissions_restored": "Undid a move or mark of submissions",
    "submissions_erased": "Deleted submissions",
    "submissions_expired": "Submissions were deleted at the end of their retention",
    "submissions_unconfirmed": "Submissions that nobody confirmed were deleted",
    "submission_withdrawn": "A person withdrew their confirmation; the submission was deleted",
    "person_exported": "Exported everything that one person sent",
    "person_erased": "Erased everything that one person sent",
    # operators
    "accounts_listed": "Listed all accounts",
    "forms_listed": "Listed all forms",
    "submissions_listed": "Listed submissions",
    "submissions_indexed": "Indexed addresses in submissions",
    "keys_rotated": "Rotated the encryption keys",
    "operator_changed_account": "Changed somebody's account as operator",
    "suppression_added": "Added an address to those that get no mail",
    "suppression_removed": "Removed an address from those that get no mail",
}

REUSED = "A session was ended, since its refresh token was used twice"
FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "phone": "phone",
    "timezone": "time zone",
    "shortcuts": "shortcuts",
}


def describe(name: str, details: Mapping[str, Any]) -> str:
    """Return what happened; an unknown name as it is."""
    if details.get("why") == "reuse":
        return REUSED
    more = [*_numbers(name, details), *(FIELDS.get(field, field) for field in details.get("fields", ()))]
    more += [f"role {details['role']}"] if "role" in details else []
    more += [str(details[part]) for part in ("status", "format") if part in details]
    text = WORDS.get(name, name)
    return f"{text}: {', '.join(more)}" if more else text


def _numbers(name: str, details: Mapping[str, Any]) -> list[str]:
    counted = () if name == "submission_withdrawn" else ("submissions", "deliveries")
    return [str(details[part]) for part in counted if part in details]
