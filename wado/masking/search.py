"""Search (PS3.18 section 10.6) under a mask: asked with masked UIDs, answered with masked rows, blind to who it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from archive.read import Reader
from core.errors import NotFound
from wado.asking import Scope
from wado.attributes import attribute
from wado.masking.attributes import masked
from wado.masking.reader import addressed
from wado.masking.veil import Veil
from wado.places import Asker
from wado.query import Level, parse_query
from wado.search import Found, search

Json = dict[str, Any]
Parameters = list[tuple[str, str]]

_UIDS: Final = {"0020000D": "studies", "0020000E": "series", "00080018": "instances"}  # tag → how its level stands in a URL
# What may be asked for beside UIDs: it says nothing of the person. Anything else is left out, as unknown keys may be.
_ALLOWED: Final = frozenset(("00080060", "00080061", "00080020", "00080016", "00200011", "00200013", "00180015"))
_RETRIEVE_URL: Final = "00081190"
_NOTHING: Final = Found((), False)


async def masked_search(
    reader: Reader, asker: Asker, level: Level, scope: Scope, parameters: Iterable[tuple[str, str]], base_url: str
) -> tuple[Found, bool]:
    """What the query finds of what the asker may see, and whether a parameter was left out; raises Malformed as any search."""
    veil = asker.veil
    assert veil is not None, "a search under a mask"
    asked = list(parameters)
    taken = [(name, value) for name, value in asked if not _is_closed(name)]
    query = parse_query(level, taken)
    ignored = query.ignored or len(taken) < len(asked)
    try:
        below = await _real_scope(veil, scope)
        query = parse_query(level, [await _real(veil, name, value) for name, value in taken])
    except NotFound:
        return _NOTHING, ignored
    found = await search(asker.grant, below, query, base_url)
    rows = [await _row(reader, veil, level, orjson.loads(row), base_url) for row in found.rows]
    return Found(tuple(row for row in rows if row is not None), found.more), ignored


def _is_closed(name: str) -> bool:
    """True for an attribute by which nobody may search under a mask."""
    found = attribute(name.partition(".")[0])
    return found is not None and ("." in name or found.tag not in _UIDS.keys() | _ALLOWED)


async def _real_scope(veil: Veil, scope: Scope) -> Scope:
    if scope.study_uid is None:
        return scope
    study, series, _ = await veil.real(scope.study_uid, scope.series_uid, None)
    return Scope(study, series)


async def _real(veil: Veil, name: str, value: str) -> tuple[str, str]:
    """A query parameter with the own UIDs; raises NotFound when nothing has one of them under this mask."""
    found = attribute(name)
    if found is None or found.tag not in _UIDS:
        return name, value
    masked_uids = [uid.strip() for uid in value.replace("\\", ",").split(",") if uid.strip()]
    return name, ",".join([await veil.own_uid(_UIDS[found.tag], uid) for uid in masked_uids])


async def _row(reader: Reader, veil: Veil, level: Level, row: Json, base_url: str) -> bytes | None:
    """The masked row; None for an instance that may not leave."""
    if level is Level.INSTANCE and not await _leaves(reader, veil, row):
        return None
    shown = masked(row, veil.mask)
    path = "".join(f"/{part}/{shown[tag]['Value'][0]}" for tag, part in list(_UIDS.items())[:level])
    if level is Level.INSTANCE:
        shown = addressed(shown, base_url)
    else:  # large values are those of some instance
        shown = {tag: each for tag, each in shown.items() if "BulkDataURI" not in each}
    shown[_RETRIEVE_URL] = {"vr": "UR", "Value": [base_url + path]}
    return orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)


async def _leaves(reader: Reader, veil: Veil, row: Json) -> bool:
    study, series, instance = (row[tag]["Value"][0] for tag in _UIDS)
    try:
        await veil.over(await reader.locate(veil.hospitals_of(study), study, series, instance))
    except NotFound:
        return False
    return True
