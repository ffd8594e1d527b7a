"""Signals between features: lower layers send, higher layers listen.

Those named for an event are sent after the commit. The rest are sent inside the transaction, so that a feature can
export or erase its own data with an account or form; the two `emptying` signals precede it, so that long work gets
transactions of its own.
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
"""`form_id`; also when its owner was disabled, and when it was deleted"""
submission_created = _signals.signal("submission-created")
"""`submission_id`, `form_id`"""
submission_deleted = _signals.signal("submission-deleted")
"""`submission_ids`"""

account_emptying = _signals.signal("account-emptying")
"""`account_id`, about to be deleted; a receiver returns whether work is left for later"""
form_emptying = _signals.signal("form-emptying")
"""`form_id`, about to be deleted; a receiver erases a batch and returns whether there may be more"""
account_exporting = _signals.signal("account-exporting")
"""`account_id`, and a `document` to fill"""
account_erasing = _signals.signal("account-erasing")
"""`account_id`, about to be deleted"""
form_deleting = _signals.signal("form-deleting")
"""`form_id`, and the `caller` who deletes it: a receiver raises an error to refuse; nothing is done yet"""
form_versioning = _signals.signal("form-versioning")
"""`form_id`, which has reached its limit of versions: receivers delete unneeded ones"""
form_erasing = _signals.signal("form-erasing")
"""`form_id`, about to be deleted"""
