"""An owner, a form of theirs and an endpoint."""

from tests.support import called_owners, owners

owner, form = owners.owner, owners.form
app_on_each_db, receiver, hooks = called_owners.app_on_each_db, called_owners.receiver, called_owners.hooks
