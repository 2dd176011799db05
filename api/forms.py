"""What the phone's calls have in common: texts that are required, query parameters by name, answers that nobody keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sanic import HTTPResponse, Request

from api.bodies import Field, filled, text
from core.errors import InvalidField, Malformed

LONGEST_PARAMETER = 1024
PAGE, LONGEST_PAGE = 20, 100  # items
DIGITS = 18  # of a number that a cursor holds
_read_parameter = text(LONGEST_PARAMETER)


def required(most: int) -> Field:
    """A text of at most so many characters that must be there."""
    return Field(filled(most), required=True)


def asked(request: Request, *names: str) -> dict[str, str]:
    """The query parameters of these names that were given; raises InvalidField for another one, or one given twice."""
    given: dict[str, str] = {}
    for name, value in request.get_query_args(keep_blank_values=True):
        if name not in names:
            raise InvalidField("query", "unknown")
        if name in given:
            raise InvalidField(name, "twice")
        given[name] = _read_parameter(name, value)
    return {name: value for name, value in given.items() if value}


def limit_of(given: Mapping[str, str]) -> int:
    """How many items a page has; raises InvalidField."""
    text = given.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= LONGEST_PAGE):
        raise InvalidField("limit", "not-a-number")
    return int(text)


def number_behind(given: Mapping[str, str]) -> int | None:
    """The number that the cursor is; None without one; raises Malformed."""
    text = given.get("cursor")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise Malformed("the cursor is not one of ours")
    return int(text)


def answer(document: Mapping[str, Any], status: int = 200) -> HTTPResponse:
    """A JSON answer about a person: nobody on the way keeps it."""
    headers = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie, Origin"}
    return HTTPResponse(orjson.dumps(document), status, headers, "application/json")
