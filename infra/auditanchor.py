"""Anchors: the newest entry of every audit chain, signed and noted in the stores, where the database's writer has no say."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.errors import CloudfilmError, Unavailable
from infra import metrics
from infra.ed25519 import ALGORITHM, Signer
from infra.keys import Keys
from infra.models import AuditCut, AuditEntry, AuditHead
from infra.stores import Missing, Store

FOLDER = "_audit/"  # no hospital's code begins so, and the scrub leaves it alone
PURPOSE = "audit-signature"
READS_AT_ONCE = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Chain → (number, hash) of its newest entry at that moment."""

    at: datetime
    heads: Mapping[str, tuple[int, str]]


@dataclass(slots=True)
class Found:
    """What all anchors in the stores say: chain → number → hash, and how far each chain is noted, since when."""

    stores: set[int]  # those that answered
    noted: dict[str, dict[int, str]] = field(default_factory=dict)
    reach: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    not_ours: list[str] = field(default_factory=list)  # keys of anchors without our signature

    def add(self, anchor: Anchor) -> None:
        """Take one in."""
        for chain, (number, link) in anchor.heads.items():
            self.noted.setdefault(chain, {})[number] = link
            if number > self.reach.get(chain, (0, anchor.at))[0]:
                self.reach[chain] = number, anchor.at


def signer(keys: Keys) -> Signer:
    """Signs anchors and exports of this deployment."""
    return Signer(keys, PURPOSE)


async def note(signing: Signer, stores: Sequence[Store], now: datetime, before: Anchor | None) -> Anchor:
    """Note the heads in every store, unless nothing was appended since `before`. Raises Unavailable when none takes them.

    Gives what the next look compares with: the new anchor, or `before` as long as the trail is no longer as that says.
    """
    heads = {row.chain: (row.number, row.hash) for row in await AuditHead.all() if row.number}
    anchor = Anchor(now.astimezone(UTC), heads)
    if before is not None and before.heads == heads:
        return before
    as_noted = before is None or await _is_as_noted(before)
    if not heads:
        return before or anchor
    await _put(stores, _key(anchor), written(signing, anchor))
    return anchor if before is None or as_noted else before


async def found(signing: Signer, stores: Sequence[Store]) -> Found:
    """Read every anchor that any store holds. Raises Unavailable when none answers."""
    keys, answered = await _listed(stores)
    result = Found(stores=answered)
    turns = asyncio.Semaphore(READS_AT_ONCE)
    for key, anchor in await asyncio.gather(*(_read(signing, key, held, turns) for key, held in sorted(keys.items()))):
        result.not_ours.append(key) if anchor is None else result.add(anchor)
    return result


async def newest(signing: Signer, stores: Sequence[Store]) -> Anchor | None:
    """The one noted last, if there is one. Raises Unavailable when no store answers."""
    keys, _ = await _listed(stores)
    for key in sorted(keys, reverse=True):
        _, anchor = await _read(signing, key, keys[key], asyncio.Semaphore())
        if anchor is not None:
            return anchor
    return None


def written(signing: Signer, anchor: Anchor) -> bytes:
    """One line of JSON, and below it the line with its signature."""
    heads = {chain: {"number": number, "hash": link} for chain, (number, link) in sorted(anchor.heads.items())}
    line = json.dumps({"at": anchor.at.isoformat(), "heads": heads}).encode()
    seal = {"algorithm": ALGORITHM, "public_key": signing.public_key, "signature": signing.sign(line)}
    return line + b"\n" + json.dumps(seal).encode() + b"\n"


def read(signing: Signer, content: bytes) -> Anchor | None:
    """The anchor again; None for one that we did not sign."""
    try:
        line, seal, *_ = content.split(b"\n")
        if not signing.signed(line, json.loads(seal)["signature"]):
            return None
        said = json.loads(line)
        heads = {chain: (head["number"], head["hash"]) for chain, head in said["heads"].items()}
        return Anchor(datetime.fromisoformat(said["at"]), heads)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


async def _put(stores: Sequence[Store], key: str, content: bytes) -> None:
    """Into every store that answers; raises Unavailable when none does."""
    done = await asyncio.gather(*(store.put(key, content) for store in stores), return_exceptions=True)
    failed = [each for each in done if isinstance(each, BaseException)]
    for each in failed:
        if not isinstance(each, CloudfilmError):
            raise each
    if len(failed) == len(done):
        raise Unavailable("no store takes the heads of the audit trail")


async def _listed(stores: Sequence[Store]) -> tuple[dict[str, list[Store]], set[int]]:
    """Key of an anchor → the stores that hold it; and the stores that answered."""
    keys: dict[str, list[Store]] = {}
    answered: set[int] = set()
    for store in stores:
        try:
            for key in [key async for key, _ in store.walk(FOLDER)]:
                keys.setdefault(key, []).append(store)
            answered.add(store.position)
        except Unavailable:
            _log.warning("store %d does not answer: its anchors are not read", store.position)
    if not answered:
        raise Unavailable("no store answers: the anchors of the audit trail cannot be read")
    return keys, answered


async def _read(signing: Signer, key: str, stores: Sequence[Store], turns: asyncio.Semaphore) -> tuple[str, Anchor | None]:
    """From the first store that has it with our signature."""
    async with turns:
        for store in stores:
            try:
                anchor = read(signing, await store.read(key))
            except (Missing, Unavailable):
                continue
            if anchor is not None:
                return key, anchor
    return key, None


async def _is_as_noted(before: Anchor) -> bool:
    """Say it loudly when what was noted last is no longer what the table says; `audit verify` finds where."""
    wrong = 0
    for chain, (number, link) in before.heads.items():
        row = await AuditEntry.get_or_none(chain=chain, number=number)
        is_cut = await AuditCut.filter(chain=chain, number__gte=number).exists()
        if not is_cut and (row is None or row.hash != link):
            wrong += 1
            _log.error("the audit trail of %s no longer has entry %d as it was noted", chain, number)
    metrics.set_level("audit_chains_not_as_noted", wrong)
    return not wrong


def _key(anchor: Anchor) -> str:
    return f"{FOLDER}heads/{anchor.at:%Y/%m/%d}/{anchor.at:%H%M%S%f}.jsonl"
