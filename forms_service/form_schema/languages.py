"""Setting `languages`: the language of a form, and its owner's texts in others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from forms_service.errors import FieldError
from forms_service.form_schema.field_types import choice_values
from forms_service.languages.catalogues import LANGUAGES

BY_FIELD = ("labels", "help", "choices")
PARTS = ("reply", "double_opt_in", "thanks")
"""Settings with texts."""

S = TypeVar("S")
Texts = Mapping[str, Any]


@dataclass(frozen=True)
class Languages:
    """The language of a form's own texts, None if unknown, and what the owner wrote in others."""

    default: str | None = None
    texts: Mapping[str, Texts] = field(default_factory=dict)

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """Languages that `Accept-Language` chooses from; the first one is for all other visitors."""
        if self.default is None:
            return LANGUAGES
        return self.default, *(
            language for language in LANGUAGES if language in self.texts and language != self.default
        )


def load_languages(saved: Mapping[str, Any]) -> Languages:
    """Load the saved setting; languages that have lost their catalogue are left out."""
    texts = {language: texts for language, texts in saved.items() if language in LANGUAGES}
    default = saved.get("default")
    return Languages(default if default in LANGUAGES else None, texts)


def find_conflicts(fields: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, list[FieldError]]:
    """Return path → errors of texts for fields and choices that the form does not have."""
    errors = {}
    values = _values_by_field(fields)
    for language, texts in _languages_of(settings):
        for path, error in _find_unknown(values, texts):
            errors[f"languages.{language}.{path}"] = [error]
    return errors


def drop_unknown(fields: Sequence[Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the setting without texts for fields and choices that a form has lost."""
    values = _values_by_field(fields)
    result = dict(saved)
    for language, texts in _languages_of({"languages": saved}):
        result[language] = {**texts, **{part: _known(values, texts[part]) for part in BY_FIELD if part in texts}}
    return result


def translate_fields(fields: Sequence[Mapping[str, Any]], texts: Texts) -> tuple[Mapping[str, Any], ...]:
    """Return definitions with the texts of one language, where it has any."""
    labels, help_texts, choices = (texts.get(part) or {} for part in BY_FIELD)
    return tuple(
        {
            **definition,
            **({"label": labels[name]} if (name := definition["name"]) in labels else {}),
            **({"help": help_texts[name]} if name in help_texts else {}),
            **({"choices": _translate_choices(definition["choices"], choices[name])} if name in choices else {}),
        }
        for definition in fields
    )


def translate_settings(settings: S, texts: Texts) -> S:
    """Return settings with the texts of one language."""
    changes = {
        part: replace(own, **texts[part]) for part in PARTS if texts.get(part) and (own := getattr(settings, part))
    }
    if texts.get("closed_text"):
        changes["closed_text"] = texts["closed_text"]
    return replace(settings, **changes) if changes else settings  # type: ignore[type-var]  # FormSettings is above


def _translate_choices(choices: Sequence[Any], labels: Mapping[str, str]) -> list[dict[str, str]]:
    pairs = [(choice["value"], choice["label"]) if isinstance(choice, dict) else (choice, choice) for choice in choices]
    return [{"value": value, "label": labels.get(value, label)} for value, label in pairs]


def _languages_of(settings: Mapping[str, Any]) -> Iterator[tuple[str, Texts]]:
    for language, texts in (settings.get("languages") or {}).items():
        if isinstance(texts, Mapping):
            yield language, texts


def _values_by_field(fields: Sequence[Any]) -> dict[str, frozenset[str] | None]:
    """Return name → values of its choices; None without choices."""
    return {
        definition["name"]: _values_of(definition.get("choices"))
        for definition in fields
        if isinstance(definition, Mapping) and isinstance(definition.get("name"), str)
    }


def _values_of(choices: Any) -> frozenset[str] | None:
    if not isinstance(choices, list):
        return None
    valid = [
        choice for choice in choices if isinstance(choice, str) or (isinstance(choice, dict) and "value" in choice)
    ]
    return frozenset(value for value in choice_values({"choices": valid}) if isinstance(value, str))


def _find_unknown(values: Mapping[str, frozenset[str] | None], texts: Texts) -> Iterator[tuple[str, FieldError]]:
    for part in BY_FIELD:
        for name, text in (texts.get(part) or {}).items():
            if name not in values or (part == "choices" and values[name] is None):
                kind = "field" if part != "choices" else "field with choices"
                yield f"{part}.{name}", FieldError(f"The form has no {kind} {name}.", "unknown_field")
            elif part == "choices":
                for value in text.keys() - (values[name] or ()):
                    message = f"The field {name} has no choice {value}."
                    yield f"{part}.{name}.{value}", FieldError(message, "unknown_choice")


def _known(values: Mapping[str, frozenset[str] | None], texts: Texts) -> dict[str, Any]:
    return {
        name: {value: label for value, label in text.items() if value in (values[name] or ())}
        if isinstance(text, Mapping)
        else text
        for name, text in texts.items()
        if name in values and (not isinstance(text, Mapping) or values[name] is not None)
    }
