"""Formats of webhooks, each a registered class.

Nothing that a visitor typed acts in a chat: no mention, no command, no markup.
"""

from forms_service.webhooks.formats import custom, discord, ntfy, slack, standard, teams, telegram
from forms_service.webhooks.formats.base import FORMATS, Format, Target

__all__ = ["FORMATS", "Format", "Target", "custom", "discord", "ntfy", "slack", "standard", "teams", "telegram"]
