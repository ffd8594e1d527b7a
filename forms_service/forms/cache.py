"""Forms as the public meets them: definition, settings and compiled schema, kept in memory, never stale for long.

What was saved in this process is seen at once; what another process saved, or that the owner was disabled, within
MAX_AGE, since then the rows are looked at again. A schema is compiled once for each version. The least recently
used forms are evicted when all together take more than MAX_MEMORY.
"""

import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.database.transactions import read_once
from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.extensions import db
from forms_service.form_schema.compiler import FormSchema, compile_schema
from forms_service.form_schema.field_names import FieldNames
from forms_service.form_schema.settings import FormSettings, load_settings
from forms_service.forms.controls import page_size
from forms_service.forms.models import FORM_ID, Form, FormVersion
from forms_service.metrics import FORM_LOOKUPS
from forms_service.signals import form_saved

FORM_NOT_FOUND = "There is no such form. Check the address."
FORM_CLOSED = "This form is closed and no longer accepts submissions."
FORM_FULL = "This form accepts no more submissions."

MAX_AGE = 0.5
MAX_FORMS = 1000

HITS, MISSES = (FORM_LOOKUPS.labels(result) for result in ("hit", "miss"))
MAX_MEMORY = 2**27
"""Bytes that the forms of a process may take, as far as they can be estimated; the newest one is kept in any case."""

BYTES_PER_CHARACTER = 4
"""Bytes in memory for a character of a definition's JSON, the texts and what makes them objects."""


@dataclass(frozen=True)
class PublishedForm:
    """A form as its visitors meet it."""

    id: str
    name: str
    owner_id: uuid.UUID
    owner_email: str
    owner_active: bool
    version: int
    fields: tuple[Mapping[str, Any], ...]
    settings: FormSettings
    schema: FormSchema
    """One without fields takes anything within bounds."""

    rendered_controls: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The controls that were shown already, as HTML, by the names of their fields."""

    size: int = 0
    """Bytes that it may take in memory."""

    page_size: int = 0
    """Bytes that its page may have."""

    @property
    def open(self) -> bool:
        """Whether it takes submissions; whether it is full, who counts them knows."""
        return self.owner_active and not self.settings.closed

    @cached_property
    def names(self) -> FieldNames:
        """The names of its fields."""
        return FieldNames(field["name"] for field in self.fields)

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The type of each field, by its name."""
        return {field["name"]: field["type"] for field in self.fields}


class FormCache:
    """The forms of an app that were asked for, each with the moment it was last looked at."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[PublishedForm, float]] = {}
        self._lock = threading.Lock()
        self._generation = 0
        self._size = 0

    def get(self, form_id: str) -> PublishedForm:
        """The form.

        :raises NotFoundError: where there is none
        """
        kept = self._entries.get(form_id)
        if kept and (time.monotonic() - kept[1] < MAX_AGE or not self._claim_refresh(form_id, kept)):
            HITS.inc()
            return kept[0]
        MISSES.inc()
        generation, asked = self._generation, time.monotonic()
        try:
            form = _load(form_id, kept[0] if kept else None)
        except NotFoundError:
            self.invalidate(form_id)
            raise
        with self._lock:
            if generation == self._generation:  # else one was saved while this was read
                self._put(form, asked)
        return form

    def _put(self, form: PublishedForm, asked: float) -> None:
        """Put the form last, and evict those that were asked for the longest ago."""
        self._remove(form.id)
        while self._entries and (len(self._entries) >= MAX_FORMS or self._size + form.size > MAX_MEMORY):
            self._remove(next(iter(self._entries)))
        self._entries[form.id] = (form, asked)
        self._size += form.size

    def _remove(self, form_id: str) -> None:
        if form_id in self._entries:
            self._size -= self._entries.pop(form_id)[0].size

    def _claim_refresh(self, form_id: str, kept: tuple[PublishedForm, float]) -> bool:
        """Whether this thread is the one to look at the form anew; the others go on with what they have."""
        with self._lock:
            if self._entries.get(form_id) is not kept:
                return False
            self._entries[form_id] = (kept[0], time.monotonic())
            return True

    def invalidate(self, form_id: str) -> None:
        """Look at the form anew when it is next asked for."""
        with self._lock:
            self._generation += 1
            self._remove(form_id)


def init_app(app: Flask) -> None:
    """Give the app its shelf."""
    app.extensions["form_cache"] = FormCache()


def get_published_form(form_id: str) -> PublishedForm:
    """The form, in about a microsecond while it is warm.

    :raises NotFoundError: where there is none
    """
    return cast("FormCache", current_app.extensions["form_cache"]).get(form_id)


def fields_of_version(form: PublishedForm, number: int) -> Sequence[Mapping[str, Any]]:
    """The fields that a form had in one of its versions."""
    return form.fields if number == form.version else db.session.get_one(FormVersion, (form.id, number)).fields


@form_saved.connect
def _invalidate(_: object, form_id: str) -> None:
    cast("FormCache", current_app.extensions["form_cache"]).invalidate(form_id)


def _load(form_id: str, before: PublishedForm | None) -> PublishedForm:
    query = (
        select(Form, FormVersion.fields, Account.email, Account.status)
        .join(FormVersion, (FormVersion.form_id == Form.id) & (FormVersion.number == Form.version))
        .join(Account, Account.id == Form.owner_id)
        .where(Form.id == form_id, Form.deleted_at.is_(None))
    )
    row = read_once(query) if FORM_ID.fullmatch(form_id) else None
    if row is None:
        raise NotFoundError(FORM_NOT_FOUND)
    form, fields, email, status = row
    if isinstance(form.settings, Unreadable):
        raise ServiceUnavailableError("This form is temporarily unavailable. Try again later.")
    settings = load_settings(form.parsed_settings())
    if before and (before.version, before.settings.unknown_fields) != (form.version, settings.unknown_fields):
        before = None
    schema = before.schema if before else compile_schema(fields, settings.unknown_fields)
    length = before.page_size if before else page_size(fields)
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
        rendered_controls=before.rendered_controls if before else {},
        size=before.size if before else schema.size + length + BYTES_PER_CHARACTER * len(json.dumps(fields)),
        page_size=length,
    )
