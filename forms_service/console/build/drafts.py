"""The editor's draft: the whole form travels in it, so that unsaved edits survive each button. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from forms_service.console.build.names import derive_name
from forms_service.console.build.texts import PROPERTIES, read_definition, texts_of

INPUT = re.compile(r"f\.(n?[0-9]{1,6})\.([a-z_]{1,20})")
"""Of a property: `f.KEY.label`."""


@dataclass(frozen=True)
class Card:
    """A field in the editor. Its key is its position in the base version, or `n` and a number for a new one."""

    key: str
    texts: Mapping[str, str]

    @property
    def position(self) -> int | None:
        return int(self.key) if self.key.isdecimal() else None

    @property
    def label(self) -> str:
        return self.texts.get("label") or self.texts.get("name") or "New field"


@dataclass(frozen=True)
class Draft:
    """A form as it is being edited."""

    name: str
    base: int
    """The version whose fields the cards began as."""

    version: int
    """The newest version that the owner knows of."""

    cards: tuple[Card, ...] = field(default=())

    def definitions(self, base_fields: Sequence[Mapping[str, Any]], used_names: Sequence[str] = ()) -> list[Any]:
        """Return the fields, with derived names where there is none."""
        fields = [read_definition(card.texts, origin_of(card, base_fields)) for card in self.cards]
        used = {*used_names, *(str(definition.get("name")) for definition in fields)}
        for definition in fields:
            if "name" not in definition:
                definition["name"] = derive_name(definition.get("label", ""), definition.get("type", "field"), used)
                used.add(definition["name"])
        return fields


def draft_of(form: Mapping[str, Any]) -> Draft:
    """Return the draft of a form without edits."""
    cards = (Card(str(number), texts_of(definition)) for number, definition in enumerate(form["fields"]))
    return Draft(form["name"], form["version"], form["version"], tuple(cards))


def read_cards(body: Mapping[str, Any]) -> tuple[Card, ...]:
    """Return the cards of a posted form, in its order."""
    texts: dict[str, dict[str, str]] = {}
    for name, value in body.items():
        match = INPUT.fullmatch(name)
        if match and match[2] in PROPERTIES and isinstance(value, str):
            texts.setdefault(match[1], {})[match[2]] = value.replace("\r\n", "\n")
    return tuple(Card(key, properties) for key, properties in texts.items())


def origin_of(card: Card, base_fields: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the definition that a card began as; empty for a new one."""
    position = card.position
    return base_fields[position] if position is not None and position < len(base_fields) else {}


def move(draft: Draft, key: str, step: int) -> Draft:
    """Move a card up or down; at the end it stays."""
    cards = list(draft.cards)
    index = next((index for index, card in enumerate(cards) if card.key == key), None)
    if index is None or not 0 <= index + step < len(cards):
        return draft
    cards.insert(index + step, cards.pop(index))
    return replace(draft, cards=tuple(cards))


def remove(draft: Draft, key: str) -> Draft:
    return replace(draft, cards=tuple(card for card in draft.cards if card.key != key))


def add(draft: Draft, field_type: str) -> Draft:
    """Append an empty card."""
    numbers = [int(card.key[1:]) for card in draft.cards if card.position is None]
    card = Card(f"n{max(numbers, default=0) + 1}", {"type": field_type})
    return replace(draft, cards=(*draft.cards, card))
