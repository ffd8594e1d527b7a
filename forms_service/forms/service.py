"""Use cases of forms."""

import json
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from marshmallow import ValidationError as SchemaError
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit
from forms_service.accounts.guards import OWNER_ROLES, Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import NO_ACCOUNT, email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery.problems import mail_problem
from forms_service.encryption.associated_data import Unreadable, unreadable_flag
from forms_service.errors import (
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    FieldError,
    NotFoundError,
    ValidationError,
)
from forms_service.extensions import db
from forms_service.form_schema import appearance, languages
from forms_service.form_schema.settings import FormSettingsSchema, find_conflicts, merge_patch
from forms_service.forms import access, deletion, owner_addresses, quotas, schemas
from forms_service.forms.cache import form_url
from forms_service.forms.models import FORM_ID, Form, FormVersion
from forms_service.signals import (
    account_exporting,
    form_changing,
    form_creating,
    form_deleting,
    form_saved,
    forms_describing,
)
from forms_service.validation.base import errors_by_path
from forms_service.web.pagination import Page, decode_cursor, paginate

CHANGED_MEANWHILE = (
    "These fields were based on version {before} of the form; meanwhile somebody saved version {now}. Read it, and "
    "send the fields again with its version."
)
NO_FORMS = "Your account cannot have forms, and none is shared with it. Ask the operator for the role owner."


def create(body: Mapping[str, Any], owner_id: uuid.UUID) -> dict[str, Any]:
    """Create a form.

    :raises ValidationError: for conflicting settings
    """
    form = Form(
        id=new_form_id(),
        owner_id=owner_id,
        name=body["name"],
        settings=json.dumps(_merge_settings({}, body.get("settings", {}), body["fields"])),
        version=1,
    )
    problem = mail_problem()
    with write_session():
        quotas.check_forms(owner_id)
        db.session.add_all([form, FormVersion(form_id=form.id, number=1, fields=body["fields"])])
        audit.record("form_created", account_id=owner_id, details={"form_id": form.id})
        try:
            db.session.flush()
            form_creating.send(form_id=form.id)
            result = describe(form, access.OWNER, problem)
            db.session.commit()
        except IntegrityError as error:  # the account was erased while it was asking
            raise AuthenticationError() from error
    form_saved.send(form_id=form.id)
    return result


def create_for_email(email: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a form for this account.

    :raises AuthorizationError: if it cannot have forms
    """
    owner = db.session.scalar(select(Account).where(Account.email_index == email_index(email)))
    if owner is None:
        raise NotFoundError(NO_ACCOUNT)
    if owner.role not in OWNER_ROLES or owner.status != "active":
        raise AuthorizationError("This account cannot have forms: it must be active, with the role owner or operator.")
    return create(body, owner.id)


def list_forms(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """List the caller's forms and those shared with them, newest first.

    :raises AuthorizationError: for an account that may have none, while none is shared with it
    """
    position = decode_cursor(cursor, datetime.fromisoformat, _parse_id)
    query = access.visible_to(caller, select(Form, FormVersion.fields, access.role_of(caller))).join(
        FormVersion, (FormVersion.form_id == Form.id) & (FormVersion.number == Form.version)
    )
    if position:
        query = query.where(tuple_(Form.created_at, Form.id) < tuple_(*position))
    query = query.order_by(Form.created_at.desc(), Form.id.desc()).limit(limit + 1)
    problem = mail_problem()
    rows = db.session.execute(query).all()
    if not rows and not position and caller.role not in OWNER_ROLES:
        raise AuthorizationError(NO_FORMS)
    problems = owner_addresses.find_problems({form.owner_id for form, _, _ in rows})
    items = _describe(
        [
            form_as_dict(form, fields, problem or problems.get(form.owner_id)) | {"role": role}
            for form, fields, role in rows
        ]
    )
    return paginate(items, limit, lambda form: (form["created_at"].isoformat(), form["id"]))


def get(form_id: str, caller: Caller, needed: str = access.VIEWER) -> dict[str, Any]:
    problem = mail_problem()
    form, role = access.find_form_and_role(form_id, caller, needed)
    return describe(form, role, problem)


def get_version(form_id: str, number: int, caller: Caller) -> dict[str, Any]:
    access.find_form(form_id, caller)
    version = db.session.get(FormVersion, (form_id, number))
    if version is None:
        raise NotFoundError()
    return _version_as_dict(version)


def list_versions(form_id: str, caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    access.find_form(form_id, caller)
    position = decode_cursor(cursor, _parse_number)
    query = select(FormVersion).where(FormVersion.form_id == form_id)
    if position:
        query = query.where(FormVersion.number < position[0])
    rows = db.session.scalars(query.order_by(FormVersion.number.desc()).limit(limit + 1))
    return paginate([_version_as_dict(version) for version in rows], limit, lambda version: (version["version"],))


def change(form_id: str, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change a form; different fields create a version.

    :raises ValidationError: for conflicting settings
    :raises ConflictError: if the fields are based on an older `version` than the form has
    """
    problem = mail_problem()
    with write_session():
        form, role = access.find_form_and_role(form_id, caller, access.MANAGER, lock=True)
        fields_before = _fields(form)
        fields = body.get("fields", fields_before)
        if "settings" not in body and isinstance(form.settings, Unreadable):
            raise ConflictError("The settings of this form cannot be decrypted. Send all of them again in `settings`.")
        settings_before = form.parsed_settings() or _merge_settings({}, {}, fields)
        merged = _merge_settings(_without_lost_texts(settings_before, body, fields), body.get("settings", {}), fields)
        _require_erasure_scope(caller, settings_before, merged)
        form.settings = json.dumps(merged)
        form.name = body.get("name", form.name)
        if fields != fields_before:
            _require_newest(form, body.get("version"))
            quotas.check_versions(form_id)
            form.version += 1
            db.session.add(FormVersion(form_id=form.id, number=form.version, fields=fields))
        audit.record("form_changed", account_id=caller.account_id, details={"form_id": form.id})
        db.session.flush()
        form_changing.send(form_id=form_id, settings_patch=body.get("settings", {}))
        result = describe(form, role, problem)
        db.session.commit()
    form_saved.send(form_id=form_id)
    return result


def _require_newest(form: Form, version: int | None) -> None:
    if version not in (None, form.version):
        message = CHANGED_MEANWHILE.format(before=version, now=form.version)
        raise ConflictError(message, details={"version": form.version})


def _require_erasure_scope(caller: Caller, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    days, days_before = after["retention_days"], before["retention_days"]
    # a shorter retention erases submissions
    if days is not None and (days_before is None or days < days_before):
        caller.require_scope("submissions:write")


def delete(form_id: str, caller: Caller) -> bool:
    """Return False if the background does the rest.

    :raises AuthorizationError: for an API key without the scope
    """
    with write_session():
        form = access.find_form(form_id, caller, access.OWNER, lock=True)
        form_deleting.send(form_id=form_id, caller=caller)
        form.deleted_at = now()
        audit.record("form_deleted", account_id=caller.account_id, details={"form_id": form_id})
        db.session.commit()
    form_saved.send(form_id=form_id)
    return deletion.erase_form(form_id)


def _export(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    query = select(Form).where(Form.owner_id == account_id, Form.deleted_at.is_(None))
    forms = [
        form_as_dict(form, _fields(form), None) | {"role": access.OWNER}
        for form in db.session.scalars(query.order_by(Form.created_at, Form.id))
    ]
    document["forms"] = schemas.Form(many=True).dump(_describe(forms))


account_exporting.connect(_export)


def describe(form: Form, role: str, problem: str | None) -> dict[str, Any]:
    """Return a form as somebody with this role sees it; `problem` of `mail_problem`, which ends a transaction."""
    return _describe([form_as_dict(form, _fields(form), problem or _problem_of_owner(form)) | {"role": role}])[0]


def _problem_of_owner(form: Form) -> str | None:
    return owner_addresses.find_problems([form.owner_id]).get(form.owner_id)


def _fields(form: Form) -> list[dict[str, Any]]:
    return db.session.get_one(FormVersion, (form.id, form.version)).fields


def form_as_dict(form: Form, fields: Sequence[Mapping[str, Any]], problem: str | None) -> dict[str, Any]:
    settings = form.parsed_settings()
    return {
        "id": form.id,
        "owner_id": form.owner_id,
        "name": form.name,
        "version": form.version,
        "url": form_url(form.id),
        "fields": fields,
        "settings": settings,
        "is_open": appearance.is_open(settings, now()),
        **unreadable_flag(form.name, form.settings),
        "mail_problem": problem,
        "created_at": form.created_at,
        "updated_at": form.updated_at,
    }


def _describe(forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    forms_describing.send(forms=forms)
    return forms


def _version_as_dict(version: FormVersion) -> dict[str, Any]:
    return {
        "form_id": version.form_id,
        "version": version.number,
        "fields": version.fields,
        "created_at": version.created_at,
    }


def _without_lost_texts(saved: Mapping[str, Any], body: Mapping[str, Any], fields: Sequence[Any]) -> Mapping[str, Any]:
    # texts of a removed field go with it; what this request names itself is checked
    if "fields" not in body or not saved.get("languages"):
        return saved
    return {**saved, "languages": languages.drop_unknown(fields, saved["languages"])}


def _merge_settings(current: Mapping[str, Any], patch: Mapping[str, Any], fields: Sequence[Any]) -> dict[str, Any]:
    try:
        merged: dict[str, Any] = FormSettingsSchema().load(merge_patch(current, patch))
    except SchemaError as error:  # a patch of one text where there was none
        raise ValidationError(errors_by_path(error.messages, "settings")) from error
    errors: dict[str, list[FieldError]] = find_conflicts(fields, merged)
    if errors:
        raise ValidationError({f"settings.{name}": messages for name, messages in errors.items()})
    return merged


def new_form_id() -> str:
    # the first character is alphanumeric, so that no id looks like an option
    while not FORM_ID.fullmatch(form_id := secrets.token_urlsafe(12)):
        pass
    return form_id


def _parse_id(text: str) -> str:
    if not FORM_ID.fullmatch(text):
        raise ValueError("not a form id")
    return text


def _parse_number(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise ValueError("not a version number")
    return int(text)
