"""English sentences with their message id and values, so that they can be translated on output."""

from collections.abc import Mapping
from typing import Any, Self


def N_(sentence: str) -> str:  # noqa: N802 (gettext's own name, which extraction looks for)
    """Put a sentence into the catalogues; `catalogues.translate` looks it up."""
    return sentence


class Plural(str):
    """A sentence about `{count}` things, and itself about one."""

    many: str

    def __new__(cls, one: str, many: str) -> Self:
        sentence = super().__new__(cls, one)
        sentence.many = many
        return sentence

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str has one argument less
        return str(self), self.many


class Sentence(str):
    """A sentence in English; `{name}` in its message stands for a value."""

    message: str
    """Message id: the sentence before its values; may be a Plural."""

    values: Mapping[str, Any]

    def __new__(cls, message: str, /, **values: Any) -> Self:
        if isinstance(message, Sentence):
            values = {**message.values, **values}
            message = message.message
        pattern = message.many if isinstance(message, Plural) and values["count"] != 1 else message
        sentence = super().__new__(cls, pattern.format(**values) if values else pattern)
        sentence.message, sentence.values = message, values
        return sentence

    def __getnewargs__(self) -> tuple[str]:
        return (str(self),)  # the state, which follows, holds message and values
