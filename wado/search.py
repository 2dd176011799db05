"""Search (PS3.18 section 10.6): the rows that a query finds, within what a grant may see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from core.grants import Grant
from wado.asking import Question, Scope, column_of, is_exact
from wado.matching import match
from wado.narrowed import COUNTED, Place, counted, narrowed_by
from wado.query import Filter, Query
from wado.results import Json, Results, Row, documents

__all__ = ["Found", "Scope", "search"]

MOST_ROWS = 5000  # of one answer; PS3.18 section 8.3.4.4.1 lets a server set a limit
MOST_WHOLE_ROWS = 1000  # where each row needs an instance's metadata
MOST_SIFTED = 20_000  # rows looked at one by one, where the database cannot say all of the question
PAGE_ROWS = 500
Narrowed = Mapping[Place, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """DICOM JSON rows in UTF-8, and whether there may be more than were given."""

    rows: tuple[bytes, ...]
    more: bool


async def search(grant: Grant, scope: Scope, query: Query, base_url: str) -> Found:
    """What the grant may see of what the query asks; `base_url` is the public DICOMweb root."""
    results, narrowed = Results(query, scope, base_url), narrowed_by(grant)
    unasked = COUNTED if narrowed else frozenset()
    question = Question(grant, scope, query.level, query.filters, results.known, unasked)
    most = MOST_WHOLE_ROWS if results.needs_documents else MOST_ROWS
    limit = min(query.limit if query.limit is not None else most, most)
    sieve = [each for each in query.filters if each.path[0] in unasked or not is_exact(each)]
    if sieve:
        return await _sifted(question, results, sieve, limit, narrowed)
    rows = await counted(await question.rows(limit + 1, query.offset), narrowed)
    return Found(tuple([each async for each in _told(rows[:limit], results, narrowed)]), len(rows) > limit)


async def _told(rows: Sequence[Row], results: Results, narrowed: Narrowed) -> AsyncIterator[bytes]:
    if not results.needs_documents:
        for row in rows:
            yield results.row(row, None)
        return
    for start in range(0, len(rows), PAGE_ROWS):
        page = rows[start : start + PAGE_ROWS]
        known = await documents(results.query.level, [row["row_id"] for row in page], results.base_url, narrowed)
        for row in page:
            yield results.row(row, known.get(row["row_id"]))


async def _sifted(question: Question, results: Results, sieve: Sequence[Filter], limit: int, narrowed: Narrowed) -> Found:
    """What really matches, after `offset` of them, page by page."""
    found: list[bytes] = []
    skip = results.query.offset
    for start in range(0, MOST_SIFTED, PAGE_ROWS):
        page = await counted(await question.rows(PAGE_ROWS, start), narrowed)
        async for row, document in _matching(page, results, sieve, narrowed):
            if skip:
                skip -= 1
            elif len(found) == limit:
                return Found(tuple(found), True)
            else:
                found.append(results.row(row, document))
        if len(page) < PAGE_ROWS:
            return Found(tuple(found), False)
    return Found(tuple(found), True)


async def _matching(
    page: Sequence[Row], results: Results, sieve: Sequence[Filter], narrowed: Narrowed
) -> AsyncIterator[tuple[Row, Json | None]]:
    known: dict[int, Json] = {}
    if page and (results.needs_documents or any(column_of(each) is None for each in sieve)):
        known = await documents(results.query.level, [row["row_id"] for row in page], results.base_url, narrowed)
    for row in page:
        document = known.get(row["row_id"])
        whole = results.whole(row, document)
        if all(match(whole, asked) for asked in sieve):
            yield row, document
