"""What a newer version of a report says otherwise, word by word, as somebody reads it who is no doctor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from records.models import Report, ReportStatus

MOST_WORDS = 1500  # of one passage that are compared word by word; a longer one is shown as removed and added
MOST_CLAUSES = 800  # of a text that are compared; the time grows with their square
NARROW_WORDS = 2  # so few unchanged words between two changes are shown with them: the eye reads phrases
_CLAUSES = re.compile(r"[^。；;！？\n]*[。；;！？\n]*")
# A number with its unit, a Latin word, what turns a sentence round and where in the body, else one character.
_WORDS = re.compile(
    r"[0-9]+(?:\.[0-9]+)?\s*(?:mm|cm|ml|HU|Hu|%|毫米|厘米)?"
    r"|[A-Za-z]+"
    r"|不排除|不除外|未排除|未除外|待排|除外|未见|未及|无明显|可见|考虑|建议|较前"
    r"|[左右双两][肺肾侧乳膝髋肩]|[上中下][叶肺]|[前后内外][侧缘壁]|增大|缩小|增多|减少|良性|恶性"
    r"|\s+|.",
    re.DOTALL,
)


class Op(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words, and whether they stand in the old text, the new one or both."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class Changes:
    """From which version, and the texts with both what went and what came."""

    from_version: int
    findings: tuple[Piece, ...]
    impression: tuple[Piece, ...]


def base_of(newest: Report, earlier: Sequence[Report], *, preliminary: bool) -> Report | None:
    """The version with which a reader compares the newest: the last one before it that could be read; None = there is none.

    `earlier` in any order. `preliminary`: whether preliminary ones could. What was withdrawn is not shown again.
    """
    for version in sorted(earlier, key=lambda each: each.version, reverse=True):
        if version.version >= newest.version:
            continue
        if version.status == ReportStatus.WITHDRAWN:
            return None
        if version.status != ReportStatus.PRELIMINARY or preliminary:
            return version
    return None


def changes(old: Report, new: Report) -> Changes:
    """What the new one says otherwise. Takes a while for long texts."""
    return Changes(old.version, compared(old.findings, new.findings), compared(old.impression, new.impression))


def compared(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts in one: the pieces that are not REMOVED are the new one, those that are not ADDED the old one."""
    before, after = _clauses(old), _clauses(new)
    if len(before) > MOST_CLAUSES or len(after) > MOST_CLAUSES:
        return tuple([Piece(Op.SAME, new)] if old == new else _replaced(old, new))
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[a:b]), "".join(after[c:d])
        pieces += [Piece(Op.SAME, come)] if tag == "equal" else _by_words(gone, come)
    return tuple(_joined(pieces))


def _by_words(old: str, new: str) -> list[Piece]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) > MOST_WORDS or len(after) > MOST_WORDS:
        return _replaced(old, new)
    pieces: list[Piece] = []
    for begin, end in _passages(before, after):
        gone, come = "".join(before[begin[0] : end[0]]), "".join(after[begin[1] : end[1]])
        pieces += [Piece(Op.SAME, come)] if gone == come else _replaced(gone, come)
    return pieces


def _passages(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Stretches that are the same, and between them those that differ, in both lists: (begin, begin), (end, end)."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    at = (0, 0)
    for number, block in enumerate(blocks):
        edge = (number == 0 and block.a == block.b == 0) or block.size == 0
        last = block.a + block.size == len(before) and block.b + block.size == len(after)
        if not edge and not last and block.size <= NARROW_WORDS:
            continue  # too little between two changes
        start, stop = (block.a, block.b), (block.a + block.size, block.b + block.size)
        if at != start:
            yield at, start
        if start != stop:
            yield start, stop
        at = stop


def _replaced(old: str, new: str) -> list[Piece]:
    return [piece for piece in (Piece(Op.REMOVED, old), Piece(Op.ADDED, new)) if piece.text]


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one piece; what went stands before what came."""
    pending: dict[Op, str] = {}
    for piece in pieces:
        if (piece.op is Op.SAME) != (Op.SAME in pending):
            yield from _in_order(pending)
            pending = {}
        pending[piece.op] = pending.get(piece.op, "") + piece.text
    yield from _in_order(pending)


def _in_order(pending: dict[Op, str]) -> Iterator[Piece]:
    for op in (Op.SAME, Op.REMOVED, Op.ADDED):
        if pending.get(op):
            yield Piece(op, pending[op])


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSES.findall(text.strip()) if clause]
