"""Every route for every role, about things that are theirs, somebody else's, hidden or not there: as route_table.py says."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

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

ANYONE, EMPTY = "anyone", "empty"
AT_ONCE = 8
PATIENCE_SECONDS = 120
READS = ("GET", "HEAD")
OVERLONG = "9" * 300


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
class Question:
    """Who asks for what, about whose things, and which answer the table expects."""

    line: Line
    who: str
    case: str
    expected: str


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers in small letters."""

    status: int
    content: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """One question of the matrix, and its answer."""

    question: Question
    answer: Answer

    @property
    def got(self) -> str:
        return EMPTY if self.answer.content == b"[]" else str(self.answer.status)

    def __str__(self) -> str:
        asked = self.question
        return f"{asked.line.route} as {asked.who}, {asked.case}: expected {asked.expected}, got {self.got}"


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
    return _ask_all(world)


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
    wrong = [str(asked) for asked in matrix if asked.got != asked.question.expected]
    assert not wrong, "\n".join(wrong)


def test_not_yours_hidden_and_declined_look_exactly_like_not_there(matrix: list[Asked]) -> None:
    """Byte by byte, whatever was asked for by whomever."""
    nothing = [asked for asked in matrix if asked.answer.status == 404 and asked.question.case != "own"]
    assert {asked.question.case for asked in nothing} == set(CASES) - {"own"}
    looks = {(asked.answer.content, _headers(asked.answer)) for asked in nothing}
    assert len(looks) == 1, looks


def test_a_name_that_is_longer_than_any_of_ours_is_never_our_fault(world: World) -> None:
    """Each route once, by a role that may: the names in its path do not fit into any column."""
    with_names = [line for line in TABLE if "{" in line.path]
    assert len(with_names) > 80
    names = {name for line in with_names for name in re.findall(r"{(\w+)}", line.path)}
    overlong = replace(world, parameters=dict.fromkeys(CASES, dict.fromkeys(names, OVERLONG)))
    with closing(Client(overlong)) as client, ThreadPoolExecutor(AT_ONCE) as many:
        asked = many.map(client.ask, [Question(line, next(iter(line.may)), "own", "") for line in with_names])
        failed = [str(each) for each in asked if each.answer.status >= 500]
    assert not failed, "\n".join(failed)


def test_behind_a_proxy_of_ours_the_trail_has_the_address_that_it_names(world: World) -> None:
    """Not the one that a stranger wrote before it."""
    headers = {"Authorization": f"Bearer {world.tokens[Role.AUDITOR]}", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    with httpx.Client(base_url=world.url, headers=headers, timeout=30) as auditor:
        auditor.get("/api/v1/audit")
        newest = auditor.get("/api/v1/audit", params={"limit": 1}).json()["items"][0]
    assert newest["address"] == "203.0.113.9"


def _headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in answer.headers if name not in ("date", "x-request-id")))


def _ask_all(world: World) -> list[Asked]:
    """Refusals and reads side by side, since they change nothing; then the writes in the order of the table."""
    reads = [line for line in TABLE if line.method in READS]
    beside = [*_refused(), *(question for line in reads for question in _allowed(line))]
    with closing(Client(world)) as client:
        with ThreadPoolExecutor(AT_ONCE) as many:
            found = list(many.map(client.ask, beside))
        return found + [client.ask(question) for line in TABLE if line not in reads for question in _allowed(line)]


def _refused() -> Iterable[Question]:
    """Nobody, and every role that a line does not name, about what is there."""
    for line in TABLE:
        if ANYONE not in line.may:
            yield Question(line, ANYONE, "own", "401")
            yield from (Question(line, role.value, "own", "403") for role in Role if role.value not in line.may)


def _allowed(line: Line) -> Iterable[Question]:
    return (Question(line, who, case, line.may[who][case]) for who in line.may for case in line.cases(who))


class Client:
    """Asks over one connection a thread: thousands of questions, so a plain client."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._own = threading.local()
        self._open: list[HTTPConnection] = []

    def close(self) -> None:
        """Give all connections back."""
        for connection in self._open:
            connection.close()

    def ask(self, question: Question) -> Asked:
        """One question of the matrix."""
        line, world = question.line, self._world
        ends = line.route in ENDS_THE_ASKER and question.expected not in ("401", "403")
        tokens = world.spare_tokens if ends else world.tokens
        headers = {"Authorization": f"Bearer {tokens[Role(question.who)]}"} if question.who != ANYONE else {}
        said = None
        if line.method not in READS:
            said = world.filled(orjson.dumps(BODIES.get(line.route, {})).decode(), question.case).encode()
        return Asked(question, self._answer(line.method, world.filled(line.path + line.query, question.case), said, headers))

    def _answer(self, method: str, path: str, said: bytes | None, headers: dict[str, str]) -> Answer:
        connection: HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = HTTPConnection(urlsplit(self._world.url).netloc, timeout=PATIENCE_SECONDS)
            self._open.append(connection)
        connection.request(method, path, said, headers)
        got = connection.getresponse()
        lowered = tuple((name.lower(), value) for name, value in got.getheaders())
        return Answer(got.status, got.read(), lowered)
