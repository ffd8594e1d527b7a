"""In-memory LRU cache of published forms; changes by other processes show within MAX_AGE seconds."""

import json
import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import bindparam, select

from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.database.transactions import read_once
from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.extensions import db
from forms_service.form_schema import conditions
from forms_service.form_schema.compiler import FormSchema, compile_schema
from forms_service.form_schema.field_names import FieldNames
from forms_service.form_schema.languages import Languages, translate_fields, translate_settings
from forms_service.form_schema.settings import FormSettings, load_settings
from forms_service.forms.controls import estimate_page_size
from forms_service.forms.models import FORM_ID, Form, FormVersion
from forms_service.languages.catalogues import LANGUAGES
from forms_service.languages.sentences import N_
from forms_service.metrics import FORM_LOOKUPS
from forms_service.signals import form_saved

FORM_NOT_FOUND = N_("There is no such form. Check the address.")

FORM = (
    select(Form, FormVersion.fields, Account.email, Account.status)
    .join(FormVersion, (FormVersion.form_id == Form.id) & (FormVersion.number == Form.version))
    .join(Account, Account.id == Form.owner_id)
    .where(Form.id == bindparam("form_id"), Form.deleted_at.is_(None))
)
"""Built once: SQLAlchemy takes longer to build a query than to execute it."""

MAX_AGE = 0.5
MAX_FORMS = 1000

HITS, MISSES = (FORM_LOOKUPS.labels(result) for result in ("hit", "miss"))
MAX_MEMORY = 2**27
"""Estimated bytes; the newest form always stays."""

BYTES_PER_CHARACTER = 4
BYTES_PER_LISTENER = BYTES_PER_CHARACTER * conditions.MAX_CHARACTERS


ListenerLoader = Callable[[str, uuid.UUID, str], Sequence[object]]
"""Returns the `submissions.events.Listener`s of a form, its owner and the owner's address."""


@dataclass(frozen=True)
class PublishedForm:
    """A form as its visitors see it."""

    id: str
    name: str
    owner_id: uuid.UUID
    owner_email: str
    owner_active: bool
    version: int
    fields: tuple[Mapping[str, Any], ...]
    settings: FormSettings
    schema: FormSchema
    """Without fields it accepts any."""

    listeners: tuple[object, ...] = ()
    """`submissions.events.Listener`s, which its submissions are delivered to."""

    rendered_controls: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)
    """Language and name → HTML of an empty control."""

    translations: dict[str, "PublishedForm"] = field(default_factory=dict, repr=False, compare=False)
    """By language, of those that were asked for."""

    size: int = 0
    """Estimated bytes in memory."""

    own_size: int = 0
    """Without listeners."""

    page_size: int = 0

    @cached_property
    def is_active(self) -> bool:
        """Apart from its times and quota."""
        return self.owner_active and not self.settings.closed

    @cached_property
    def opens_at(self) -> float:
        """Seconds since the epoch; -inf without a time."""
        moment = self.settings.opens_at
        return moment.timestamp() if moment else -math.inf

    @cached_property
    def closes_at(self) -> float:
        """Seconds since the epoch; inf without a time."""
        moment = self.settings.closes_at
        return moment.timestamp() if moment else math.inf

    @property
    def is_open(self) -> bool:
        """Apart from its quota."""
        return self.is_active and self.opens_at <= time.time() < self.closes_at

    def in_language(self, language: str) -> "PublishedForm":
        """Return it with the owner's texts in this language, where there are any."""
        texts = self.settings.languages.texts.get(language)
        if texts is None:
            return self
        if language not in self.translations:
            self.translations[language] = replace(
                self,
                name=texts.get("name") or self.name,
                fields=translate_fields(self.fields, texts),
                settings=translate_settings(self.settings, texts),
            )
        return self.translations[language]

    @cached_property
    def url(self) -> str:
        return form_url(self.id)

    @cached_property
    def names(self) -> FieldNames:
        return FieldNames(field["name"] for field in self.fields)

    @cached_property
    def types(self) -> Mapping[str, str]:
        return {field["name"]: field["type"] for field in self.fields}

    @cached_property
    def file_fields(self) -> tuple[str, ...]:
        return tuple(field["name"] for field in self.fields if field["type"] == "file")


Entry = tuple[PublishedForm, float, float]
"""When it was read, and when it is due again, by the monotonic clock."""


class FormCache:
    """Cached forms, least recently used first."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._generation = 0
        self._size = 0

    def get(self, form_id: str) -> PublishedForm:
        entry, now = self._entries.get(form_id), time.monotonic()
        is_usable = entry is not None and now - entry[1] < 2 * MAX_AGE  # older ones are not served, not even meanwhile
        if entry and is_usable and (now < entry[2] or not self._claim_refresh(form_id, entry)):
            HITS.inc()
            return entry[0]
        MISSES.inc()
        generation, requested_at = self._generation, time.monotonic()
        try:
            form = _load(form_id, entry[0] if entry else None)
        except NotFoundError:
            self.invalidate(form_id)
            raise
        with self._lock:
            if generation == self._generation:  # else a newer version was saved during the read
                self._put(form, requested_at)
        return form

    def _put(self, form: PublishedForm, requested_at: float) -> None:
        self._remove(form.id)
        while self._entries and (len(self._entries) >= MAX_FORMS or self._size + form.size > MAX_MEMORY):
            self._remove(next(iter(self._entries)))
        self._entries[form.id] = (form, requested_at, requested_at + MAX_AGE)
        self._size += form.size

    def _remove(self, form_id: str) -> None:
        if form_id in self._entries:
            self._size -= self._entries.pop(form_id)[0].size

    def _claim_refresh(self, form_id: str, entry: Entry) -> bool:
        with self._lock:
            if self._entries.get(form_id) is not entry:
                return False
            # other threads serve the old entry meanwhile
            self._entries[form_id] = (entry[0], entry[1], time.monotonic() + MAX_AGE)
            return True

    def invalidate(self, form_id: str) -> None:
        with self._lock:
            self._generation += 1
            self._remove(form_id)


def init_app(app: Flask) -> None:
    """Create the app's form cache."""
    app.extensions["form_cache"] = FormCache()
    app.extensions["form_listeners"] = []


def register_listeners(app: Flask, loader: ListenerLoader) -> None:
    """Add listeners to every form; the loader queries, once per MAX_AGE."""
    app.extensions["form_listeners"].append(loader)


def form_url(form_id: str) -> str:
    """Return the public URL: form action and hosted page."""
    return f"{settings.public_url.rstrip('/')}/f/{form_id}"


def get_published_form(form_id: str) -> PublishedForm:
    """Return the form, in about 1 µs if cached.

    :raises NotFoundError: if there is no such form
    """
    return cast("FormCache", current_app.extensions["form_cache"]).get(form_id)


def fields_of_version(form: PublishedForm, number: int) -> Sequence[Mapping[str, Any]]:
    """Return the fields of one version."""
    return form.fields if number == form.version else db.session.get_one(FormVersion, (form.id, number)).fields


@form_saved.connect
def _invalidate(_: object, form_id: str) -> None:
    cast("FormCache", current_app.extensions["form_cache"]).invalidate(form_id)


def _load(form_id: str, previous: PublishedForm | None) -> PublishedForm:
    row = read_once(FORM, form_id=form_id) if FORM_ID.fullmatch(form_id) else None
    if row is None:
        raise NotFoundError(FORM_NOT_FOUND)
    form, fields, email, status = row
    if isinstance(form.settings, Unreadable):
        raise ServiceUnavailableError(N_("This form is temporarily unavailable. Try again later."))
    settings = load_settings(form.parsed_settings())
    if previous and _compiled_from(previous.version, previous.settings) != _compiled_from(form.version, settings):
        previous = None
    schema = previous.schema if previous else compile_schema(fields, settings.unknown_fields)
    listeners = _load_listeners(form_id, form.owner_id, email)
    html_size = previous.page_size if previous else _estimate_page_size(fields, settings.languages)
    own_size = previous.own_size if previous else schema.size + _size_of_texts(fields, settings.languages, html_size)
    return PublishedForm(
        id=form.id,
        name=form.name,
        owner_id=form.owner_id,
        owner_email=email,
        owner_active=status == "active",
        version=form.version,
        fields=tuple(fields),
        settings=settings,
        schema=schema,
        listeners=listeners,
        rendered_controls=previous.rendered_controls if previous else {},
        own_size=own_size,
        size=own_size + BYTES_PER_LISTENER * len(listeners),
        page_size=html_size,
    )


def _compiled_from(version: int, settings: FormSettings) -> tuple[int, str, Languages]:
    return version, settings.unknown_fields, settings.languages


def _estimate_page_size(fields: Sequence[Mapping[str, Any]], languages: Languages) -> int:
    translated = (translate_fields(fields, texts) for texts in languages.texts.values())
    return max(map(estimate_page_size, [fields, *translated]))


def _size_of_texts(fields: Sequence[Mapping[str, Any]], languages: Languages, html_size: int) -> int:
    characters = len(json.dumps(fields)) * (1 + len(languages.texts)) + len(json.dumps(languages.texts))
    return BYTES_PER_CHARACTER * characters + html_size * len(LANGUAGES)


def _load_listeners(form_id: str, owner_id: uuid.UUID, owner_email: str) -> tuple[object, ...]:
    loaders: list[ListenerLoader] = current_app.extensions["form_listeners"]
    return tuple(listener for load in loaders for listener in load(form_id, owner_id, owner_email))
