"""What happened, for whoever wants to know of it without being known: rooms above listen, rooms below send.

Those named for what happened are sent after the commit. Those at the end are sent inside the transaction, so that
a room can add what it keeps on an account or a form to an export, or erase it with the rest; the two for emptying come
before it, so that what takes long is done in transactions of its own.
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
"""`account_id`, to be deleted as soon as that is done; a receiver returns whether something is left for later"""
form_emptying = _signals.signal("form-emptying")
"""`form_id`, to be deleted as soon as that is done; a receiver erases a piece and returns whether there may be more"""
account_exporting = _signals.signal("account-exporting")
"""`account_id`, and a `document` to write into"""
account_erasing = _signals.signal("account-erasing")
"""`account_id`, about to be deleted"""
form_deleting = _signals.signal("form-deleting")
"""`form_id`, and the `caller` who wants it deleted: who may not, is refused by an exception; nothing is done yet"""
form_versioning = _signals.signal("form-versioning")
"""`form_id`, which has as many versions as are kept: those that nothing needs may go"""
form_erasing = _signals.signal("form-erasing")
"""`form_id`, about to be deleted"""
