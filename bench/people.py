"""`python -m bench.people`: a person with 500 exams among a million looks for them; others log in and bind; both databases."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.base.executor import EXECUTOR_CACHE

from bench import machine
from bench.peoplerows import COMMON_WORD, RARE_WORD, Rows
from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from records.models import Hospital
from tests.parts.installation import Installation
from tests.parts.postgres import running_postgres

OUT = Path(__file__).with_name("out")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-people.md"
DATABASES = ("sqlite", "postgres")
CONNECTIONS = (1, 8)
# As a small server would have it; what was acknowledged is on the disk, unlike in tests.
POSTGRES = ("shared_buffers=256MB", "max_wal_size=4GB", "random_page_cost=1.1")
TIMEOUT_SECONDS = 60
FIRST_PHONE, FIRST_ADDRESS = 13_900_000_000, 0x0A_01_00_00

Ask = Callable[[http.client.HTTPConnection], None]


@dataclass
class Line:
    """One kind of question on one database: how long each answer took, in milliseconds."""

    title: str
    database: str
    connections: int
    milliseconds: list[float] = field(default_factory=list)
    failed: int = 0

    def quantile(self, share: float) -> float:
        """0.5 is the median."""
        times = sorted(self.milliseconds)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when everything answered."""
    asked = _arguments(arguments)
    at, lines = datetime.now(UTC), []
    for database in asked.databases:
        for line in _measured(database, asked):
            print(_text(line), flush=True)
            lines.append(line)
    print(f"written: {_write(at, lines, asked)}")
    return int(any(line.failed or not line.milliseconds for line in lines))


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--exams", type=int, default=1_000_000, help="in the hospital (default 1,000,000)")
    parser.add_argument("--own", type=int, default=500, help="of the person who looks (default 500)")
    parser.add_argument("--asks", type=int, default=300, help="of each question and number of connections (default 300)")
    parser.add_argument("--logins", type=int, default=60, help="logins and bindings measured (default 60)")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    return parser.parse_args(given)


def _measured(database: str, asked: argparse.Namespace) -> Iterator[Line]:
    with _installed(database) as (installation, settings):
        begun = time.monotonic()
        token = asyncio.run(_filled(settings, asked.exams, asked.own))
        print(f"{database}: {asked.exams:,} exams written in {time.monotonic() - begun:.0f} s", flush=True)
        for title, path in _questions(installation, token):
            for connections in CONNECTIONS:
                yield _asked(Line(title, database, connections), installation, asked.asks, _getting(path, token))
        yield from _logged_in(database, installation, asked.logins)


@contextmanager
def _installed(database: str) -> Iterator[tuple[Installation, Settings]]:
    """A running cloudfilm on that database in a temporary folder; all of it goes at the end."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudfilm-people-")))
        url = ""
        if database == "postgres":
            server = stack.enter_context(running_postgres(POSTGRES))
            asyncio.run(_create_database(server.url("postgres")))
            url = server.url("bench")
        more: dict[str, str | int] = {"SMS_PER_ADDRESS_PER_HOUR": 100_000, "SMS_PER_HOUR": 100_000}
        installation = stack.enter_context(Installation(home, DATABASE_URL=url, TRUSTED_PROXIES="127.0.0.1", **more))
        settings = from_environ({"CLOUDFILM_HOME": str(home)})
        yield installation, dataclasses.replace(settings, database_url=url)


async def _create_database(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE bench")
    await connection.close()


async def _filled(settings: Settings, exams: int, own: int) -> str:
    """All rows, and the token of the person whose exams are asked for."""
    EXECUTOR_CACHE.clear()  # Tortoise keeps the SQL of the first kind of database it met
    await open_database(settings)
    try:
        await Hospital.create(code="demo", name="示范医院", help_phone="0575-0000000")
        rows = Rows(exams, own)
        await rows.write()
        person = await Person.create(id=uuid7(), created_at=now())
        await Binding.create(
            id=uuid7(),
            person_id=person.id,
            hospital_id="demo",
            record_id=rows.persons_record,
            kind="visit_card",
            masked_value="*",
            factors=[],
            proved_at=now(),
            live=f"{person.id}:{rows.persons_record}",
        )
        life = timedelta(hours=6)
        return await issue(settings.keys, role=Role.PATIENT, hospital=None, subject=person.id, life=life, now=now())
    finally:
        await close_database()


def _questions(installation: Installation, token: str) -> list[tuple[str, str]]:
    """What a patient asks: title → path."""
    first = _get_json(installation, "/api/v1/exams?limit=100", token)
    item, cursor = first["items"][0]["id"], quote(str(first["next"] or ""))
    return [
        ("exam list, first page of 20", "/api/v1/exams"),
        ("exam list, first page of 100", "/api/v1/exams?limit=100"),
        ("exam list, after the first 100", f"/api/v1/exams?limit=20&cursor={cursor}" if cursor else "/api/v1/exams"),
        ("exam list, one category, one part, by part", f"/api/v1/exams?category=lab&body_part={quote('胸部')}&sort=body_part"),
        ("keyword that most reports have", f"/api/v1/exams?q={quote(COMMON_WORD)}"),
        ("keyword that few reports have", f"/api/v1/exams?q={quote(RARE_WORD)}"),
        ("two keywords that none has", f"/api/v1/exams?q={quote('骨折 畸形')}"),
        ("one exam", f"/api/v1/exams/{item}"),
    ]


def _get_json(installation: Installation, path: str, token: str) -> dict[str, list[dict[str, str]]]:
    connection = _connection(installation)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    said: dict[str, list[dict[str, str]]] = json.loads(answer.read())
    connection.close()
    return said


def _connection(installation: Installation) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(str(urlsplit(installation.url).netloc), timeout=TIMEOUT_SECONDS)


def _getting(path: str, token: str) -> Ask:
    headers = {"Authorization": f"Bearer {token}"}

    def ask(connection: http.client.HTTPConnection) -> None:
        connection.request("GET", path, headers=headers)
        _finished(connection, 200)

    return ask


def _finished(connection: http.client.HTTPConnection, status: int) -> bytes:
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != status:
        raise OSError(f"{answer.status} in place of {status}")
    return body


def _asked(line: Line, installation: Installation, times: int, ask: Ask) -> Line:
    """`times` answers over the connections of the line, after a few that do not count."""
    share = max(1, times // line.connections)
    threads = [threading.Thread(target=_over_one, args=(line, installation, share, ask)) for _ in range(line.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return line


def _over_one(line: Line, installation: Installation, times: int, ask: Ask) -> None:
    connection = _connection(installation)
    for number in range(-3, times):
        begun = time.perf_counter()
        try:
            ask(connection)
        except (OSError, http.client.HTTPException):
            line.failed += 1
            connection.close()
            continue
        if number >= 0:
            line.milliseconds.append((time.perf_counter() - begun) * 1000)
    connection.close()


def _logged_in(database: str, installation: Installation, times: int) -> Iterator[Line]:
    """Each of many people asks for a code, says it, and binds their record."""
    titles = ("ask for a login code", "say the code, get tokens", "bind a record (identifier, name, phone)")
    lines = [Line(title, database, 1) for title in titles]
    system = {"Authorization": f"Bearer {installation.token()}"}
    connection = _connection(installation)
    for number in range(times):
        phone, card, name = str(FIRST_PHONE + number), f"V{number:06}", "某某"
        patient = {"name": name, "phones": [phone], "identifiers": [{"kind": "visit_card", "value": card}]}
        _said(connection, "PUT", f"/api/v1/hospital/patients/N{number}", patient, system, 201)
        address = {"X-Forwarded-For": ".".join(str(byte) for byte in (FIRST_ADDRESS + number).to_bytes(4, "big"))}
        asking, saying, binding = lines
        sent = _timed(asking, connection, "/api/v1/login/sms", {"phone": phone}, address, 202)
        said = {"challenge": sent["challenge"], "code": _code(connection, phone)}
        tokens = _timed(saying, connection, "/api/v1/login/sms/verify", said, address, 200)
        claim = {"hospital": "demo", "kind": "visit_card", "value": card, "name": name}
        headers = address | {"Authorization": f"Bearer {tokens['access_token']}"}
        _timed(binding, connection, "/api/v1/me/bindings", claim, headers, 201)
    connection.close()
    yield from lines


def _code(connection: http.client.HTTPConnection, phone: str) -> str:
    connection.request("GET", "/demo/messages", headers={"Accept": "application/json"})
    items = json.loads(_finished(connection, 200))["items"]
    return next(str(each["code"]) for each in items if each["to"].endswith(phone))


def _timed(
    line: Line, connection: http.client.HTTPConnection, path: str, said: object, headers: dict[str, str], status: int
) -> dict[str, str]:
    begun = time.perf_counter()
    answer = _said(connection, "POST", path, said, headers, status)
    line.milliseconds.append((time.perf_counter() - begun) * 1000)
    return answer


def _said(
    connection: http.client.HTTPConnection, method: str, path: str, said: object, headers: dict[str, str], status: int
) -> dict[str, str]:
    connection.request(method, path, json.dumps(said).encode(), {"Content-Type": "application/json", **headers})
    answer: dict[str, str] = json.loads(_finished(connection, status))
    return answer


def _text(line: Line) -> str:
    failed = f"  {line.failed} FAILED" if line.failed else ""
    p50, p99 = line.quantile(0.5), line.quantile(0.99)
    return f"{line.database:9s} {line.title:45s} c{line.connections}  p50 {p50:8.1f} ms  p99 {p99:8.1f} ms{failed}"


def _write(at: datetime, lines: Sequence[Line], asked: argparse.Namespace) -> Path:
    """All times as JSON; as a page when that is asked for."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"people-{at:%Y%m%d-%H%M%S}.json"
    found = {"at": at.isoformat(), "machine": machine.described(), "exams": asked.exams, "own": asked.own}
    path.write_text(json.dumps(found | {"lines": [dataclasses.asdict(line) for line in lines]}, ensure_ascii=False))
    if asked.page:
        PAGE.write_text(_page(at, lines, asked))
    return path


def _page(at: datetime, lines: Sequence[Line], asked: argparse.Namespace) -> str:
    rows = [
        f"| {line.title} | {line.database} | {line.connections} | {line.quantile(0.5):.1f} | {line.quantile(0.99):.1f} |"
        for line in lines
    ]
    described = machine.described() | {"client": "Python threads, on the same cores"}
    told = "\n".join(f"* {what}: {which}" for what, which in described.items() if what != "peer")
    return (
        "# Benchmarks: people\n\n"
        f"Measured {at:%Y-%m-%d %H:%M} UTC by `python -m bench.people`: a person with {asked.own} exams among {asked.exams:,},"
        " theirs each with a report, scattered over fifteen years; every answer over HTTP with login, audit and visibility. The"
        " client runs on the same cores. Both databases write what they acknowledge to the disk.\n\n"
        f"{told}\n\n| question | database | conn. | p50 ms | p99 ms |\n|---|---|--:|--:|--:|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
