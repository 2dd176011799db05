"""What a run of messages leaves behind, searched for phones, names and tokens in clear: logs, metrics, every table."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from infra.database import is_postgres
from notify.models import Notice
from tests.drill.ledger import Line
from tests.drill.messaging import SECRET_PATH, Place, name_of, phone_of
from tests.parts.aliyun import KEY_SECRET
from tests.parts.leavings import leaks, tables_of_postgres, tables_of_sqlite

MOST_WORDS = 300  # of each sort: more take long to look for, in every form that they could be written in
HAS_NAMES = "patient_record"  # the hospital's own words, which it searches by name
SQLITE = "cloudfilm.sqlite3"
SHOWN = 5


async def line(
    here: Place, tokens: Sequence[str], seed: int = 0, most: int = MOST_WORDS, asked_for_codes: Sequence[str] = ()
) -> Line:
    """Once all processes have ended. `tokens` stood in the messages; `most` of each sort are looked for.

    `asked_for_codes`: numbers, without a country, to which login codes went.
    """
    numbers = range(await Notice.all().count())
    phones, names = [phone_of(each) for each in numbers], [name_of(each) for each in numbers]
    dice = random.Random(seed)
    sorts = (phones, names, list(tokens), list(asked_for_codes))
    some = [dice.sample(each, min(len(each), most)) for each in sorts]
    private = [*some[0], *some[2], *some[3], SECRET_PATH, KEY_SECRET]
    files, tables = _files(here), await _tables(here)
    logs = {name: content for name, content in files.items() if not name.startswith(SQLITE)}
    found = leaks(files, private) + leaks(logs, some[1]) + leaks(tables, [*private, *some[1]], {HAS_NAMES: some[1]})
    blind = not logs or not leaks(tables, some[1][:1])
    looked_for = ", ".join(str(len(each)) for each in some)
    return Line(
        "searched for private words",
        reads=len(files) + len(tables),
        wrong=len(found) + blind,
        note=f"{len(phones)} phones, {len(names)} names, {len(tokens)} tokens, {len(asked_for_codes)} phones of login codes"
        f" ({looked_for} of them looked for, and two secrets) in {len(logs)} logs and pages of metrics of"
        f" {_mebibytes(logs):.1f} MiB and {len(tables)} tables of {_mebibytes(tables):.1f} MiB:"
        f" {'; '.join(found[:SHOWN]) or 'none'}",
    )


def _files(here: Place) -> dict[str, bytes]:
    paths = [*here.home.glob("log/*"), *here.home.glob(f"{SQLITE}*")]
    return {path.name: path.read_bytes() for path in paths}


async def _tables(here: Place) -> dict[str, bytes]:
    if is_postgres(here.settings):
        return await tables_of_postgres(here.settings.database_url)
    return tables_of_sqlite(here)


def _mebibytes(places: Mapping[str, bytes]) -> float:
    return sum(map(len, places.values())) / (1 << 20)
