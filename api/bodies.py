"""Strict JSON bodies: every field is named, of its kind and possible, or the answer says which one is not."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from sanic import Request

from core.errors import InvalidField, Malformed, TooLarge
from core.uids import is_uid

Read = Callable[[str, Any], Any]  # (name of the field, what stands there) → the value; raises InvalidField

SHORT_BYTES = 1 << 16  # above this, a thread parses
FIRST_YEAR, LAST_YEAR = 1850, 2200
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ONE_LINE = re.compile(r"[^\t\n\r]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PDF = b"%PDF-"


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read. One that is absent or null, and not required, gives `default`."""

    read: Read
    required: bool = False
    default: Any = None


Fields = Mapping[str, Field]


async def body(request: Request, fields: Fields) -> dict[str, Any]:
    """The values of all `fields`; raises Malformed for what is no JSON object, InvalidField for a wrong field."""
    data: bytes = request.body
    said = parse(data) if len(data) <= SHORT_BYTES else await asyncio.to_thread(parse, data)
    if not isinstance(said, dict):
        raise Malformed("the body is not a JSON object")
    return values(said, fields)


def parse(data: bytes) -> Any:
    """JSON as RFC 8259 says, without its liberties: no key twice, no NaN. Raises Malformed."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON in UTF-8") from error


def values(said: Mapping[str, Any], fields: Fields, within: str = "") -> dict[str, Any]:
    """The values of all `fields` of one object; names of inner fields are joined by a dot."""
    unknown = next((name for name in said if name not in fields), None)
    if unknown is not None:
        raise InvalidField(f"{within}{_printable(unknown)}", "unknown")
    return {name: _value(f"{within}{name}", field, said.get(name)) for name, field in fields.items()}


def text(most: int, *, lines: bool = False) -> Read:
    """Text of at most so many characters, outer blanks dropped; line ends only where `lines` are allowed."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or _CONTROL.search(value) or not (lines or _ONE_LINE.fullmatch(value)):
            raise InvalidField(name, "not-text")
        if len(value) > most:
            raise InvalidField(name, "too-long")
        return value.strip()

    return read


def filled(most: int) -> Read:
    """As `text`, and not empty."""
    read_text = text(most)

    def read(name: str, value: Any) -> str:
        written: str = read_text(name, value)
        if not written:
            raise InvalidField(name, "empty")
        return written

    return read


def choice(*allowed: str) -> Read:
    """One of these words."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InvalidField(name, "not-a-choice")
        return value

    return read


def flag(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidField(name, "not-a-flag")
    return value


def number(least: int, most: int) -> Read:
    """A whole number within these bounds, both included."""

    def read(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidField(name, "not-a-number")
        return value

    return read


def day(name: str, value: Any) -> date:
    """YYYY-MM-DD."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            read = date.fromisoformat(value)
            if FIRST_YEAR <= read.year <= LAST_YEAR:
                return read
    except ValueError as error:
        raise InvalidField(name, "impossible-date") from error
    raise InvalidField(name, "impossible-date")


def moment(name: str, value: Any) -> datetime:
    """RFC 3339 with its offset; given back in UTC."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is not None and read.tzinfo is not None and FIRST_YEAR <= read.year <= LAST_YEAR and ":" in value:
            return read.astimezone(UTC)
    except ValueError as error:
        raise InvalidField(name, "impossible-time") from error
    raise InvalidField(name, "impossible-time")


def uid(name: str, value: Any) -> str:
    """A DICOM UID."""
    if not isinstance(value, str) or not is_uid(value):
        raise InvalidField(name, "not-a-uid")
    return value


def pdf(most_bytes: int) -> Read:
    """A PDF in base64."""
    read_file = file(most_bytes)

    def read(name: str, value: Any) -> bytes:
        content: bytes = read_file(name, value)
        if not content.startswith(_PDF):
            raise InvalidField(name, "not-a-pdf")
        return content

    return read


def file(most_bytes: int) -> Read:
    """Bytes in base64."""

    def read(name: str, value: Any) -> bytes:
        if not isinstance(value, str):
            raise InvalidField(name, "not-base64")
        if len(value) > most_bytes * 4 // 3 + 4:
            raise TooLarge(f"{name}: more than {most_bytes} bytes")
        try:
            content: bytes = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidField(name, "not-base64") from error
        return content

    return read


def many(read_one: Read, most: int) -> Read:
    """A list of at most so many."""

    def read(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise InvalidField(name, "not-a-list")
        return tuple(read_one(f"{name}[{place}]", each) for place, each in enumerate(value))

    return read


def inner(fields: Fields) -> Read:
    """An object with these fields."""

    def read(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidField(name, "not-an-object")
        return values(value, fields, f"{name}.")

    return read


def _value(name: str, field: Field, said: Any) -> Any:
    if said is not None:
        return field.read(name, said)
    if field.required:
        raise InvalidField(name, "missing")
    return field.default


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands there twice")
    return read


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _printable(name: str) -> str:
    """A stranger's field name, short enough and harmless in an answer."""
    return "".join(each if each.isalnum() or each in "_-." else "?" for each in name[:32])
