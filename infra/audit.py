"""The audit trail: who did or was refused what, durable before the first byte, chained so that an edit shows."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextvars import Context, ContextVar
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from core.errors import Unavailable
from core.grants import Grant
from core.uids import row_id
from infra.database import fitting, transaction
from infra.keys import Keys
from infra.models import AuditEntry, AuditHead

ALGORITHM = "hmac-sha256"
DEPLOYMENT = "-"  # chain of what belongs to no hospital
ANONYMOUS = "anonymous"
MINUTE = timedelta(minutes=1)
MOST_AT_ONCE = 500  # entries of one commit

# The kind of device that the request now served comes from; empty where there is no request.
device: ContextVar[str] = ContextVar("device", default="")

_TEXTS = ("chain", "action", "outcome", "role", "subject", "session", "address", "device", "study_uid", "what")
_ADDED_LATER = ("device",)  # left out of the hash while empty: entries older than the field are hashed without it

CountKey = tuple[str, str, str, str, str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to record. `detail` holds our ids and UIDs only: no name, number or text of a person."""

    chain: str
    at: datetime
    action: str
    outcome: str = "done"
    role: str = ANONYMOUS
    subject: str = ANONYMOUS
    session: str = ""
    address: str = ""
    device: str = field(default_factory=lambda: device.get())
    study_uid: str = ""
    what: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def of_its_minute(self) -> Self:
        """The same at the beginning of its minute: what is counted by the minute has that time."""
        return replace(self, at=self.at.replace(second=0, microsecond=0))


def by(grant: Grant, *, chain: str, at: datetime, action: str, address: str, **more: Any) -> Entry:
    """An entry of what the holder of a grant did; of a third party also by which authorisation."""
    authorisation = grant.allowed_by.get((chain, more.get("study_uid", "")))
    if authorisation is not None:
        more["detail"] = {**more.get("detail", {}), "authorisation": authorisation}
    return Entry(
        chain=chain,
        at=at,
        action=action,
        address=address,
        role=grant.role.value,
        subject=grant.subject,
        session=grant.session,
        **more,
    )


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    counted: bool
    done: asyncio.Future[int]


class Trail:
    """Appends entries; those that wait for the disk at the same time share one commit."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.derive("audit")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    @property
    def key_in_hex(self) -> str:
        """The secret of the chains, for somebody who may check each hash without us."""
        return self._key.hex()

    async def record(self, entry: Entry) -> int:
        """Append and return the row id once it is durable; raises Unavailable when it cannot be."""
        return await self._when_durable(entry, counted=False)

    async def count(self, entry: Entry) -> int:
        """Count one more of what was done in that minute, as `record`: one row, whichever process began it."""
        return await self._when_durable(entry.of_its_minute(), counted=True)

    async def append(self, entries: Sequence[Entry]) -> list[int]:
        """Append inside the caller's transaction; returns row ids."""
        if not entries:
            return []
        heads = await locked_heads({entry.chain for entry in entries})
        rows = [self._next(entry, heads[entry.chain]) for entry in entries]
        await _insert(rows, heads.values())
        return [row.id for row in rows]

    async def add_counts(self, counts: Iterable[tuple[int, int]]) -> None:
        """Add (row id, more) to counted entries, in one transaction."""
        more: Counter[int] = Counter()
        for row, count in counts:
            more[row] += count
        if not more:
            return
        async with transaction():
            for entry in await AuditEntry.filter(id__in=list(more)).order_by("id").select_for_update():
                await self._add(entry, more[entry.id])

    def link(self, previous: str, number: int, values: dict[str, Any]) -> str:
        """The hash of an entry: over the one before and every field but the count."""
        hashed = {name: value for name, value in values.items() if value or name not in _ADDED_LATER}
        text = json.dumps({**hashed, "number": number}, sort_keys=True, ensure_ascii=False, default=_text)
        return hmac.digest(self._key, f"{previous}\n{text}".encode(), hashlib.sha256).hex()

    def proof(self, link: str, count: int) -> str:
        """The hash that ties a count to its entry."""
        return hmac.digest(self._key, f"{link}\n{count}".encode(), hashlib.sha256).hex()

    async def _when_durable(self, entry: Entry, *, counted: bool) -> int:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(_stored_form(entry), counted, done))
        if self._writer is None or self._writer.done():
            # In a context of its own: a transaction that the caller may be in is not ours.
            self._writer = asyncio.get_running_loop().create_task(self._write_waiting(), context=Context())
        return await asyncio.shield(done)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                async with transaction():
                    ids = await self._write(batch)
            except Exception as error:  # whoever waits must hear of it, whatever it is
                _fail(batch, error)
                continue
            except asyncio.CancelledError:
                _fail(batch + self._waiting, Unavailable("stopped before it was on record"))
                raise
            for each, row in zip(batch, ids, strict=True):
                if not each.done.done():
                    each.done.set_result(row)

    async def _write(self, batch: Sequence[_Waiting]) -> list[int]:
        heads = await locked_heads({each.entry.chain for each in batch})
        # Looked for under the lock of their heads: nobody else can begin the same minute now.
        counted = await _counted([each.entry for each in batch if each.counted])
        new: list[AuditEntry] = []
        written: list[AuditEntry] = []
        for each in batch:
            row = counted.get(_count_key(each.entry)) if each.counted else None
            if row is None:
                row = self._next(each.entry, heads[each.entry.chain])
                new.append(row)
                if each.counted:
                    counted[_count_key(each.entry)] = row
            elif row in new:
                row.count, row.count_proof = row.count + 1, self.proof(row.hash, row.count + 1)
            else:
                await self._add(row, 1)
            written.append(row)
        await _insert(new, heads.values())
        return [row.id for row in written]

    def _next(self, entry: Entry, head: AuditHead) -> AuditEntry:
        """The row after `head`, which moves on."""
        values = asdict(_stored_form(entry)) | {"algorithm": ALGORITHM}
        number, previous = head.number + 1, head.hash
        link = self.link(previous, number, values)
        head.number, head.hash = number, link
        proof = self.proof(link, 1)
        return AuditEntry(id=row_id(), **values, number=number, previous=previous, hash=link, count=1, count_proof=proof)

    async def _add(self, row: AuditEntry, more: int) -> None:
        row.count += more
        row.count_proof = self.proof(row.hash, row.count)
        await AuditEntry.filter(id=row.id).update(count=row.count, count_proof=row.count_proof)


async def locked_heads(chains: Collection[str]) -> dict[str, AuditHead]:
    """The ends of these chains; whoever else appends to one waits until our transaction is over."""
    wanted = sorted(chains)
    heads = await AuditHead.filter(chain__in=wanted).order_by("chain").select_for_update()
    if len(heads) < len(wanted):
        await AuditHead.bulk_create([AuditHead(chain=chain) for chain in wanted], ignore_conflicts=True)
        heads = await AuditHead.filter(chain__in=wanted).order_by("chain").select_for_update()
    return {head.chain: head for head in heads}


async def _counted(entries: Sequence[Entry]) -> dict[CountKey, AuditEntry]:
    if not entries:
        return {}
    found = AuditEntry.filter(
        at__in=list({entry.at for entry in entries}),
        session__in=list({entry.session for entry in entries}),
        chain__in=list({entry.chain for entry in entries}),
        outcome="done",
    )
    rows = await found.order_by("id").select_for_update()
    return {_count_key(row): row for row in rows}


def _count_key(entry: Entry | AuditEntry) -> CountKey:
    return entry.chain, entry.session, entry.study_uid, entry.what, entry.action, entry.at


async def _insert(rows: Sequence[AuditEntry], heads: Iterable[AuditHead]) -> None:
    if not rows:
        return
    await AuditEntry.bulk_create(rows)
    for head in heads:
        await AuditHead.filter(chain=head.chain).update(number=head.number, hash=head.hash)


def _stored_form(entry: Entry) -> Entry:
    """As the database gives it back: else a client's overlong address would break the chain, or stop the appending."""
    most = AuditEntry._meta.fields_map
    texts: dict[str, Any] = {name: fitting(getattr(entry, name), most[name].max_length) for name in _TEXTS}  # type: ignore[attr-defined]
    return replace(entry, at=entry.at.astimezone(UTC), **texts)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} cannot be chained")


def _fail(waiting: Iterable[_Waiting], error: Exception) -> None:
    for each in waiting:
        if not each.done.done():
            each.done.set_exception(error)
