"""Every route for every role, about things that are theirs, somebody else's, hidden or not there: as route_table.py says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import orjson
import pytest
from sanic import Sanic

from api.openapi import Operation, operations
from api.server import create_app
from core.grants import Role
from infra.settings import Settings
from tests.api.matrix_world import CASES, World, built
from tests.api.route_table import BODIES, ENDS_THE_ASKER, LINES
from tests.parts.installation import Installation

pytestmark = pytest.mark.timeout(240)

ANYONE, EMPTY = "anyone", "empty"
AT_ONCE = 16
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Line:
    """One line of the table: who may call a route, and case → status for each of them."""

    method: str
    path: str
    query: str
    may: Mapping[str, Mapping[str, str]]

    @property
    def route(self) -> str:
        """As the router and BODIES name it."""
        return f"{self.method} {self.path}"

    def cases(self, who: str) -> tuple[str, ...]:
        """Those that differ in what is asked."""
        asked = self.path + self.query + str(BODIES.get(self.route, ""))
        return CASES if "{" in asked and len(set(self.may[who].values())) > 1 else CASES[:1]


@dataclass(frozen=True)
class Asked:
    """One question of the matrix, and its answer."""

    line: Line
    who: str
    case: str
    expected: str
    answer: httpx.Response

    @property
    def got(self) -> str:
        return EMPTY if self.answer.content == b"[]" else str(self.answer.status_code)

    def __str__(self) -> str:
        return f"{self.line.route} as {self.who}, {self.case}: expected {self.expected}, got {self.got}"


def read(text: str) -> Line:
    called, *columns = (part.strip() for part in text.split("|"))
    method, asked = called.split()
    path, mark, query = asked.partition("?")
    may = {who: _statuses(words) for names, *words in map(str.split, columns) for who in names.split(",")}
    return Line(method, path, mark + query, may)


def _statuses(words: list[str]) -> dict[str, str]:
    """`404 own=200` is 200 for own, 404 for every other case."""
    named = dict(word.split("=") for word in words[1:])
    assert set(named) <= set(CASES), f"no such case: {set(named) - set(CASES)}"
    return {case: named.get(case, words[0]) for case in CASES}


TABLE = [read(text) for text in LINES]


@pytest.fixture
def routed(settings: Settings) -> Iterator[dict[str, Operation]]:
    """Every method of every route; HEAD is GET without its body."""
    app = create_app(settings)
    yield {f"{each.method} {each.path.rstrip('/') or '/'}": each for each in operations(app) if each.method != "HEAD"}
    Sanic.unregister_app(app)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Installation(
        tmp_path_factory.mktemp("matrix") / "home", WORKERS=1, INGEST_CHILDREN=1, TRUSTED_PROXIES="127.0.0.1"
    ) as installation:
        yield built(installation)


@pytest.fixture(scope="module")
def matrix(world: World) -> list[Asked]:
    """The whole table, asked."""
    return asyncio.run(_ask_all(world))


def test_every_route_has_its_line_and_every_line_its_route(routed: dict[str, Operation]) -> None:
    lines = [line.route for line in TABLE]
    for route, operation in sorted(routed.items()):
        roles = ANYONE if isinstance(operation.access, str) else ",".join(sorted(operation.access))
        status = "422" if operation.method in ("POST", "PUT", "PATCH") else "404" if operation.parameters else "200"
        assert route in lines, f'{route} is new: add to LINES in tests/api/route_table.py   "{route} | {roles} {status}",'
    assert sorted(lines) == sorted(set(lines)), "a route has two lines"
    assert set(lines) <= set(routed), f"no route any more: {sorted(set(lines) - set(routed))}"
    assert set(BODIES) | ENDS_THE_ASKER <= set(lines)


def test_the_table_names_the_roles_that_the_routes_are_marked_with(routed: dict[str, Operation]) -> None:
    for line in TABLE:
        access = routed[line.route].access
        marked = {ANYONE} if isinstance(access, str) else {role.value for role in access}
        assert set(line.may) == marked, line.route


def test_every_answer_is_the_one_in_the_table(matrix: list[Asked]) -> None:
    assert len(matrix) > 600
    wrong = [str(asked) for asked in matrix if asked.got != asked.expected]
    assert not wrong, "\n".join(wrong)


def test_not_yours_hidden_and_declined_look_exactly_like_not_there(matrix: list[Asked]) -> None:
    """Byte by byte, whatever was asked for by whomever."""
    nothing = [asked for asked in matrix if asked.answer.status_code == 404 and asked.case != "own"]
    assert {asked.case for asked in nothing} == set(CASES) - {"own"}
    looks = {(asked.answer.content, _headers(asked.answer)) for asked in nothing}
    assert len(looks) == 1, looks


def test_behind_a_proxy_of_ours_the_trail_has_the_address_that_it_names(world: World) -> None:
    """Not the one that a stranger wrote before it."""
    headers = {"Authorization": f"Bearer {world.tokens[Role.AUDITOR]}", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    with httpx.Client(base_url=world.url, headers=headers, timeout=30) as auditor:
        auditor.get("/api/v1/audit")
        newest = auditor.get("/api/v1/audit", params={"limit": 1}).json()["items"][0]
    assert newest["address"] == "203.0.113.9"


def _headers(answer: httpx.Response) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in answer.headers.items() if name not in ("date", "x-request-id")))


async def _ask_all(world: World) -> list[Asked]:
    """Refusals and reads side by side, since they change nothing; then the writes in the order of the table."""
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=world.url, limits=limits, timeout=60) as client:
        asking = [_ask(client, world, *question) for question in _refused()]
        reads = [line for line in TABLE if line.method in READS]
        asking += [_ask(client, world, *question) for line in reads for question in _allowed(line)]
        found = list(await asyncio.gather(*asking))
        for line in TABLE:
            if line not in reads:
                found += [await _ask(client, world, *question) for question in _allowed(line)]
    return found


Question = tuple[Line, str, str, str]


def _refused() -> Iterable[Question]:
    """Nobody, and every role that a line does not name, about what is there."""
    for line in TABLE:
        if ANYONE not in line.may:
            yield line, ANYONE, "own", "401"
            yield from ((line, role.value, "own", "403") for role in Role if role.value not in line.may)


def _allowed(line: Line) -> Iterable[Question]:
    return ((line, who, case, line.may[who][case]) for who in line.may for case in line.cases(who))


async def _ask(client: httpx.AsyncClient, world: World, line: Line, who: str, case: str, expected: str) -> Asked:
    tokens = world.spare_tokens if line.route in ENDS_THE_ASKER and expected not in ("401", "403") else world.tokens
    headers = {} if who == ANYONE else {"Authorization": f"Bearer {tokens[Role(who)]}"}
    said = None
    if line.method not in READS:
        said = world.filled(orjson.dumps(BODIES.get(line.route, {})).decode(), case).encode()
    answer = await client.request(line.method, world.filled(line.path + line.query, case), headers=headers, content=said)
    return Asked(line, who, case, expected, answer)
