"""Signals between features: lower layers send, higher layers listen.

Past participles are sent after the commit, the rest inside the transaction. The `emptying` signals precede it, so that
long work gets its own transactions.
"""

from blinker import Namespace

_signals = Namespace()

account_created = _signals.signal("account-created")
"""`account_id`"""
account_confirmed = _signals.signal("account-confirmed")
"""`account_id`"""
account_deleted = _signals.signal("account-deleted")
"""`account_id`"""
form_saved = _signals.signal("form-saved")
"""`form_id`; also when its owner was disabled or it was deleted"""
submission_created = _signals.signal("submission-created")
"""`submission_id`, `form_id`"""
submission_deleted = _signals.signal("submission-deleted")
"""`submission_ids`"""

account_emptying = _signals.signal("account-emptying")
"""`account_id`; receivers return whether work is left"""
form_emptying = _signals.signal("form-emptying")
"""`form_id`; receivers erase a batch, return whether more may be left"""
account_address_changing = _signals.signal("account-address-changing")
"""`account_id`, which has its new address"""
session_starting = _signals.signal("session-starting")
"""`account_id` of who signs in"""
account_exporting = _signals.signal("account-exporting")
"""`account_id`, and a `document` to fill"""
account_erasing = _signals.signal("account-erasing")
"""`account_id`"""
form_creating = _signals.signal("form-creating")
"""`form_id`, inserted and about to be committed"""
form_transferring = _signals.signal("form-transferring")
"""`form_id`, which has its new owner, `owner_id`, and `previous_id` of the old one; receivers raise to refuse"""
form_changing = _signals.signal("form-changing")
"""`form_id` and `settings_patch`"""
forms_describing = _signals.signal("forms-describing")
"""`forms`, dicts for their owners; receivers add to each"""
form_deleting = _signals.signal("form-deleting")
"""`form_id`, `caller`; receivers raise to refuse"""
form_versioning = _signals.signal("form-versioning")
"""`form_id` at its limit; receivers delete unneeded versions"""
form_erasing = _signals.signal("form-erasing")
"""`form_id`"""
