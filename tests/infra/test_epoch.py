"""A number shared by processes: whoever remembers something sees at once that it must ask again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from infra.epoch import Epoch, archive_epoch, arrivals_epoch, sessions_epoch

ADVANCE = "import sys; from pathlib import Path; from infra.epoch import Epoch; e = Epoch(Path(sys.argv[1])); "
ADVANCE += "[e.advance() for _ in range(500)]"


async def test_every_advance_of_every_process_counts(tmp_path: Path) -> None:
    epoch = Epoch(tmp_path / "run" / "x.epoch")
    others = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", ADVANCE, tmp_path / "run" / "x.epoch") for _ in range(3)
    ]
    for _ in range(500):
        epoch.advance()
    assert [await other.wait() for other in others] == [0, 0, 0]
    assert epoch.value == 2000
    epoch.close()


def test_who_opens_it_later_sees_the_same_number(tmp_path: Path) -> None:
    one = Epoch(tmp_path / "x.epoch")
    one.advance()
    other = Epoch(tmp_path / "x.epoch")
    assert other.value == 1
    other.advance()
    assert one.value == 2
    one.close()
    other.close()


def test_a_starting_process_makes_all_others_ask_again(tmp_path: Path) -> None:
    """One that was killed between its commit and its advance owes it to them."""
    for opened in (sessions_epoch, archive_epoch, arrivals_epoch):
        living = opened(tmp_path)
        before = living.value
        starting = opened(tmp_path)
        assert living.value != before
        living.close()
        starting.close()
