"""The drill, short: a few kills, rotting copies and a lying Redis against the real server; `make drill` is the long one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.drill import away, copies, kills, lying_redis, notices, outage
from tests.drill.ledger import Line, table
from tests.drill.site import site
from tests.parts.redis import RedisBeside

SEED = 2026
KILLS = 3
NOTICE_KILLS = 2
OUTAGE_NOTICES = 30


def require_good(*lines: Line) -> None:
    """Shows the whole ledger when one of its lines is bad."""
    assert all(line.good for line in lines), "\n" + table(lines)


def test_kills_and_a_store_that_is_away_lose_nothing_acknowledged() -> None:
    with site() as here:
        killed = kills.drill(here.installation, here.token, KILLS, SEED)
        gone = away.drill(here, SEED + 1, position=1, batches=2)
        require_good(killed, gone)
        assert killed.faults == KILLS
        assert killed.acknowledged > 0
        assert gone.healed == gone.acknowledged
        assert here.scrub()["lost"] == 0


def test_rotting_copies_and_a_lying_redis_change_no_answer() -> None:
    with tempfile.TemporaryDirectory() as folder, RedisBeside(Path(folder)) as beside, site(REDIS_URL=beside.url) as here:
        rotten = copies.drill(here, SEED, per_fault=2, load_seconds=0.2)
        lies = lying_redis.drill(here, beside, SEED + 1, instances=4, seconds=0.4)
        require_good(*rotten, *lies)
        assert sum(line.healed for line in rotten) == sum(line.faults for line in rotten) > 0


def test_a_worker_killed_while_it_sends_doubles_and_loses_no_message() -> None:
    line, left = notices.drill(notices.Plan(NOTICE_KILLS, SEED, misbehaves=0.0))
    require_good(line, left)
    assert (line.faults, line.acknowledged >= NOTICE_KILLS) == (NOTICE_KILLS, True)


def test_login_codes_leave_during_an_outage_and_each_notice_leaves_once_after_it() -> None:
    line, left = outage.drill(OUTAGE_NOTICES, outage_seconds=1.0, per_second=10)
    require_good(line, left)
    assert (line.acknowledged, line.healed) == (OUTAGE_NOTICES, OUTAGE_NOTICES)
    assert line.reads >= outage.CODES_BEFORE + 2, "codes were asked for before, meanwhile and afterwards"


def test_a_ledger_with_a_loss_is_bad_and_says_so() -> None:
    line = Line("kills", faults=1, acknowledged=2, lost=1)
    assert not line.good
    assert table([line]).splitlines()[-1].split()[:4] == ["sum", "1", "2", "1"]
