"""Which card and input a fault of the API's schema belongs to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forms_service.console.build.drafts import Card
from forms_service.console.build.texts import shown_properties
from forms_service.console.build.words import PROPERTY_NAMES, owners_sentence
from forms_service.errors import FieldError

Errors = Mapping[str, Sequence[FieldError]]


@dataclass
class Faults:
    """Faults of the editor's form."""

    by_card: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Key of the card → property → sentences."""

    links: list[tuple[str, str, str]] = field(default_factory=list)
    """Id of an input, what it is, what is wrong: the lines of the summary."""

    others: list[str] = field(default_factory=list)


def sort_faults(errors: Errors, cards: Sequence[Card]) -> Faults:
    """Sort errors such as `fields.2.pattern` by card."""
    faults = Faults()
    for path, messages in errors.items():
        first, *rest = path.split(".")
        if first == "fields" and len(rest) > 1 and rest[0].isdecimal() and int(rest[0]) < len(cards):
            _add(faults, cards[int(rest[0])], rest[1:], messages)
        elif path == "name":
            faults.links.append(("form-name", "Name of the form", " ".join(messages)))
        else:
            faults.others.append(f"{_words(path)}{' '.join(messages)}")
    return faults


def _add(faults: Faults, card: Card, path: Sequence[str], messages: Sequence[FieldError]) -> None:
    name = path[0]
    sentence = " ".join(owners_sentence(name, message) for message in messages)
    if name == "choices" and len(path) > 1 and path[1].isdecimal():
        sentence = f"Choice {int(path[1]) + 1}: {sentence}"
    if name in shown_properties(card.texts.get("type", "")):
        faults.by_card.setdefault(card.key, {}).setdefault(name, []).append(sentence)
        faults.links.append((f"f-{card.key}-{name}", f"{card.label}, {PROPERTY_NAMES[name]}", sentence))
    else:
        faults.others.append(f"{card.label}, {name}: {sentence}")


def _words(path: str) -> str:
    if path == "fields":
        return ""
    known = {"settings.subject": "Subject of the mail to you: ", "settings.honeypot": "Trap for programs: "}
    return known.get(path, f"{path.removeprefix('settings.').replace('_', ' ').replace('.', ', ').capitalize()}: ")
