"""JSON readers, strict for the API and lenient for public forms, in linear time."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from json import JSONDecoder
from typing import Any, NoReturn

from forms_service.errors import BadRequestError, PayloadTooLargeError
from forms_service.form_schema.special_fields import CHARSET
from forms_service.languages.sentences import N_, Sentence
from forms_service.web.charsets import UTF_8_BOM, decode
from forms_service.web.form_data import MAX_RAW_FIELDS, group_by_name, make_storable

MAX_DEPTH = 64
"""Nested objects and lists."""

MAX_VALUES = 10_000
"""Per submission; lists and objects count twice."""

MAX_CONTAINERS = 50_000
"""Per body."""

MAX_EXACT = 15
"""Characters of a number that no parser changes."""

MAX_INTEGER_DIGITS = 640
"""Python's limit can be set no lower."""

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""Possessive: an unterminated string would take quadratic time."""

NOT_JSON = N_("The body cannot be read. It is not valid JSON in UTF-8.")

_NO_BRACKETS = re.compile(r"[^\[\]{}]++")

Pairs = list[tuple[str, Any]]


class _NotStrictError(ValueError):
    """Accepted by Python, refused here."""


def read_json(raw: bytes, max_values: int | None = None) -> Any:
    """Accept what all parsers agree on: no NaN, duplicate keys, unpaired surrogates or NUL.

    :raises PayloadTooLargeError: above `max_values` values or MAX_RAW_FIELDS keys
    """
    try:
        text = raw.removeprefix(UTF_8_BOM).decode()
    except UnicodeDecodeError as error:
        raise BadRequestError(NOT_JSON) from error
    value = _parse(text, _strict_decoder, max_values)
    if isinstance(value, dict) and len(value) > MAX_RAW_FIELDS:
        raise PayloadTooLargeError(f"Send at most {MAX_RAW_FIELDS} keys in an object.")
    if "\\u" in text and _has_unstorable_text(value):
        raise BadRequestError("The body cannot be read. A string contains an unpaired surrogate or a NUL character.")
    return value


def read_form_json(raw: bytes) -> Any:
    """Parse any encoding; a duplicate key becomes a list.

    :raises PayloadTooLargeError: above MAX_VALUES values
    """
    text = _decode_form_json(raw)
    value = _parse(text, _form_decoder, MAX_VALUES)
    if "\\u" in text:  # only an escape brings in NUL or an unpaired surrogate
        value = make_storable(value)
    if isinstance(value, dict):
        value.pop(CHARSET[0], None)
    return value


def _parse(text: str, decoder: JSONDecoder, max_values: int | None) -> Any:
    try:
        _refuse_size(text, max_values)
        return decoder.decode(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _NotStrictError):
            raise BadRequestError(Sentence(N_("The body cannot be read. {reason}"), reason=error.args[0])) from error
        raise BadRequestError(NOT_JSON) from error


def _refuse_size(text: str, max_values: int | None) -> None:
    # before parsing: large values take long to build and to walk
    containers = text.count("[") + text.count("{")
    if containers <= MAX_DEPTH and (max_values is None or containers + text.count(",") <= max_values):
        return
    bare = _STRING.sub("", text)
    _refuse_depth(bare)
    containers = bare.count("[") + bare.count("{")
    if containers > MAX_CONTAINERS or (max_values is not None and containers + bare.count(",") > max_values):
        raise PayloadTooLargeError(N_("The body has too many values. Send fewer."))


def _refuse_depth(bare: str) -> None:
    depth = 0
    for character in _NO_BRACKETS.sub("", bare):
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _NotStrictError(Sentence(N_("It is nested deeper than {limit} levels."), limit=MAX_DEPTH))
        else:
            depth -= 1


def _has_unstorable_text(value: Any) -> bool:
    waiting = [value]
    for item in waiting:  # it grows while it is walked
        if type(item) is str:
            if _is_unstorable(item):
                return True
        elif type(item) is list:
            waiting += item
        elif type(item) is dict:
            waiting += item
            waiting += item.values()
    return False


def _is_unstorable(text: str) -> bool:
    if text.isascii():
        return "\0" in text
    try:
        return b"\0" in text.encode()
    except UnicodeEncodeError:
        return True


def _refuse_constant(name: str) -> NoReturn:
    raise _NotStrictError(Sentence(N_("{name} is not valid JSON."), name=name))


def _finite_number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number) or (not number and not _is_zero(digits)):
        raise _NotStrictError("A number is out of range.")
    return number


def _number_or_text(digits: str) -> float | str:
    """Keep text where a float would change it."""
    number = float(digits)
    if math.isinf(number) or (not number and not _is_zero(digits)):
        return digits
    return digits if len(digits) > MAX_EXACT and Decimal(digits) != Decimal(repr(number)) else number


def _integer_or_text(digits: str) -> int | str:
    """Keep text that Python may refuse to convert, since that takes quadratic time."""
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else digits


def _is_zero(digits: str) -> bool:
    mantissa = digits.lower().partition("e")[0]
    return not mantissa.strip("-0.")


def _refuse_double_keys(pairs: Pairs) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotStrictError("An object has a duplicate key.")
    return members


def _merge_double_keys(pairs: Pairs) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else group_by_name(pairs)


def _decode_form_json(raw: bytes) -> str:
    try:
        return raw.decode(json.detect_encoding(raw))  # by byte order mark or zeros (RFC 4627)
    except UnicodeDecodeError:  # windows-1252, or NUL somewhere in other text
        return decode(raw.removeprefix(UTF_8_BOM))


def _decoder(
    join: Callable[[Pairs], Any], number: Callable[[str], Any], integer: Callable[[str], Any] | None = None
) -> JSONDecoder:
    return JSONDecoder(parse_constant=_refuse_constant, parse_float=number, parse_int=integer, object_pairs_hook=join)


_strict_decoder = _decoder(_refuse_double_keys, _finite_number)
_form_decoder = _decoder(_merge_double_keys, _number_or_text, _integer_or_text)
