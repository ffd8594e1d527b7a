"""Catalogues of the visitors' sentences, by language (gettext)."""

from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from forms_service.languages.formats import ENGLISH, show_value
from forms_service.languages.sentences import Plural, Sentence

DIRECTORY = Path(__file__).parent.parent / "translations"
DOMAIN = "forms_service"
FILES = f"*/LC_MESSAGES/{DOMAIN}.mo"

LANGUAGES = (ENGLISH, *sorted(file.parts[-3] for file in DIRECTORY.glob(FILES)))
"""The first one is for everybody who asks for none of them."""


def translate(text: str, language: str) -> str:
    """Translate a sentence with its values; text that is in no catalogue stays as it is."""
    if language == ENGLISH or not text:  # the empty message id is the catalogue's header
        return text
    if not isinstance(text, Sentence):
        return gettext(text, language)
    message = text.message
    if isinstance(message, Plural):
        pattern = ngettext(message, message.many, text.values["count"], language)
    else:
        pattern = gettext(message, language)
    if not text.values:
        return pattern  # which may hold an owner's braces
    return pattern.format(**{name: _value(value, language) for name, value in text.values.items()})


def gettext(message: str, language: str) -> str:
    """Look up a message id."""
    return message if language == ENGLISH else _catalogue(language).gettext(message)


def ngettext(one: str, many: str, count: int, language: str) -> str:
    """Look up the form that this language has for a count."""
    if language == ENGLISH:
        return one if count == 1 else many
    return _catalogue(language).ngettext(one, many, count)


def _value(value: object, language: str) -> str:
    return translate(value, language) if isinstance(value, Sentence) else show_value(value, language)


@cache
def _catalogue(language: str) -> GNUTranslations:
    with (DIRECTORY / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return GNUTranslations(file)
