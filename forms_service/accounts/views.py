"""The blueprints of the room, in the order in which a person meets them."""

from forms_service.accounts.keys.views import keys
from forms_service.accounts.me.views import me
from forms_service.accounts.recovery.views import recovery
from forms_service.accounts.sessions.views import sessions
from forms_service.accounts.signup.views import signup

BLUEPRINTS = (signup, sessions, recovery, me, keys)
