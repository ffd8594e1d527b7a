"""Whether a page or mail has a sentence that was left in English."""

import re
from functools import cache
from html.parser import HTMLParser

from babel.messages.pofile import read_po

from forms_service.languages.catalogues import DIRECTORY, LANGUAGES
from forms_service.languages.formats import ENGLISH

TRANSLATED = tuple(language for language in LANGUAGES if language != ENGLISH)
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
READ_ALOUD = ("aria-label", "title", "alt", "placeholder")


class _Words(HTMLParser):
    """Collects what people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attributes if name in READ_ALOUD]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def words_of(page: str) -> str:
    """The text that people read or hear of a page, in one line."""
    words = _Words()
    words.feed(page)
    words.close()
    return " ".join(" ".join(words.texts).split())


def left_in_english(text: str, language: str) -> list[str]:
    """The English sentences in a text."""
    line = " ".join(text.split())
    return [sentence for sentence, pattern in _patterns(language) if pattern.search(line)]


@cache
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    with (DIRECTORY / language / "LC_MESSAGES" / "forms_service.po").open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]
    pairs = [
        (english, text)
        for message in messages
        for english, text in zip(_texts(message.id), _texts(message.string), strict=True)
    ]
    # a word that this language also has is no sign: English "text" in Spanish "texto" is another word, "image" is not
    translations = " ".join(text for _, text in pairs)
    patterns = [(english, _pattern(english)) for english, text in pairs if english != text]
    return [(english, pattern) for english, pattern in patterns if not pattern.search(translations)]


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in PLACEHOLDER.split(sentence)]
    return re.compile(rf"(?<!\w){'.{1,200}?'.join(pieces)}(?!\w)")


def _texts(message: str | tuple[str, ...]) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (message,)
