"""Feedback: what a person writes to a hospital, what the hospital answers, and where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.errors import Conflict, NotFound
from core.uids import row_id, uuid7
from identity import events
from identity.limits import DAY, HOUR, Limit, count_try
from identity.models import Feedback, FeedbackEntry, Login
from infra.database import transaction
from infra.sealing import Sealer

KINDS = ("cannot-see", "wrong-data", "complaint", "praise", "other")
NEW_ONES, MORE_WORDS = (Limit(5, HOUR), Limit(10, DAY)), (Limit(20, HOUR),)
PER_HOSPITAL = (Limit(300, HOUR), Limit(3000, DAY))  # what a help desk can bear before somebody looks why
MOST_ENTRIES = 50


class State(StrEnum):
    """Where it stands."""

    RECEIVED = "received"
    HANDLING = "handling"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"  # its author took it back, its words are gone


class Act(StrEnum):
    """What the hospital does with it."""

    TAKE = "take"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"


OPEN = (State.RECEIVED, State.HANDLING, State.ANSWERED)
# act → states in which it may be done, the state after it
ACTS: Mapping[Act, tuple[Collection[State], State]] = {
    Act.TAKE: ((State.RECEIVED, State.HANDLING), State.HANDLING),
    Act.ANSWER: (OPEN, State.ANSWERED),
    Act.CLOSE: (OPEN, State.CLOSED),
    Act.REOPEN: ((State.CLOSED,), State.HANDLING),
}
# What a content check said → what is worse.
WORSE: Mapping[str, Collection[str]] = {"": ("pass", "review", "risky"), "pass": ("review", "risky"), "review": ("risky",)}
# The author writes more: what was answered is to be looked at again.
AFTER_MORE: Mapping[State, State] = {
    State.RECEIVED: State.RECEIVED,
    State.HANDLING: State.HANDLING,
    State.ANSWERED: State.RECEIVED,
}


@dataclass(frozen=True, slots=True)
class Author:
    """A person who is logged in, or whoever proved a link: one of the two."""

    person: str | None = None
    link: str | None = None

    @property
    def subject(self) -> str:
        """The pseudonym under which it is on record."""
        return self.person or self.link or ""


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody writes to a hospital; `contact` is a phone number as it was typed, or empty."""

    hospital: str
    exam: str | None
    page: str
    kind: str
    text: str
    contact: str


@dataclass(frozen=True, slots=True)
class Written:
    """One opened entry."""

    by_hospital: bool
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A feedback with all that was written, oldest first."""

    row: Feedback
    contact: str
    entries: Sequence[Written]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a hospital's are listed; empty states and kind mean any. `after` is the id that the page begins behind."""

    states: Collection[State]
    kind: str = ""
    after: str = ""
    oldest_first: bool = False
    limit: int = 20


class Feedbacks:
    """Writes, lists and answers; every text and phone number is encrypted at rest."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def write(self, author: Author, words: Words, key: str | None, now: datetime) -> tuple[Feedback, bool]:
        """Keep it; false for one that came before with the same key. Raises Conflict, TooManyRequests."""
        row = self._new(author, words, key, now)
        async with transaction():
            known = await _known(row)
            if known is not None:
                return known, False
            gates = {f"feedback:{author.subject}": NEW_ONES, f"feedback-at:{words.hospital}": PER_HOSPITAL}
            await count_try(gates, now)
            await Feedback.bulk_create([row], ignore_conflicts=True)  # of any number with one key at once, one is kept
            known = await _known(row)
            if known is not None and known.id != row.id:
                return known, False
            await self._append(row.id, author.subject, words.text, now, by_hospital=False)
        return row, True

    async def add(self, author: Author, feedback: str, text: str, now: datetime) -> Letter:
        """More words to one that is not closed. Raises NotFound, Conflict, TooManyRequests."""
        async with transaction():
            row = await _held(await _own(author, feedback))
            if row.state not in AFTER_MORE:
                raise Conflict(f"this feedback is {row.state}")
            await count_try({f"feedback-more:{author.subject}": MORE_WORDS}, now)
            if await FeedbackEntry.filter(feedback_id=row.id).count() >= MOST_ENTRIES:
                raise Conflict("nothing more can be written to this feedback: please write a new one")
            await self._append(row.id, author.subject, text, now, by_hospital=False)
            await _move(row, AFTER_MORE[State(row.state)], now)
        return await self.own(author, feedback)

    async def withdraw(self, author: Author, feedback: str, now: datetime) -> Feedback:
        """Take it back while it is open: its words and the phone number are gone. Raises NotFound, Conflict."""
        async with transaction():
            row = await _held(await _own(author, feedback))
            if row.state not in OPEN:
                raise Conflict(f"this feedback is {row.state}")
            await _erase([row.id], now)
        return row

    async def open_id(self, author: Author, app_id: str) -> str:
        """Who the author is to that mini-program of WeChat; empty for who never logged in by it."""
        login = (
            Login.filter(person_id=author.person, provider="wechat", app_id=app_id, kind="openid") if author.person else None
        )
        row = await login.order_by("-id").first() if login else None
        return self._sealer.open(row.sealed) if row else ""

    async def note_check(self, feedback: str, suggestion: str) -> None:
        """A content check of its words; of several the worst is kept."""
        milder = [each for each, worse in WORSE.items() if suggestion in worse]
        await Feedback.filter(id=feedback, checked__in=milder).update(checked=suggestion)

    async def own(self, author: Author, feedback: str) -> Letter:
        """One that the author wrote; raises NotFound."""
        (letter,) = await self._opened([await _own(author, feedback)])
        return letter

    async def owns(self, author: Author, after: str, limit: int) -> list[Letter]:
        """What the author wrote, newest first."""
        rows = Feedback.filter(person_id=author.person, link_id=author.link)
        rows = rows.filter(id__lt=after) if after else rows
        return await self._opened(await rows.order_by("-id").limit(limit).prefetch_related("hospital"))

    async def inbox(self, hospital: str, wanted: Wanted) -> list[Letter]:
        """A hospital's, in the order of their coming."""
        rows = Feedback.filter(hospital_id=hospital)
        rows = rows.filter(state__in=[state.value for state in wanted.states]) if wanted.states else rows
        rows = rows.filter(kind=wanted.kind) if wanted.kind else rows
        if wanted.after:
            rows = rows.filter(id__gt=wanted.after) if wanted.oldest_first else rows.filter(id__lt=wanted.after)
        rows = rows.order_by("id" if wanted.oldest_first else "-id").limit(wanted.limit)
        return await self._opened(await rows.prefetch_related("exam__record"))

    async def at(self, hospital: str, feedback: str) -> Letter:
        """One of a hospital's; raises NotFound."""
        row = await Feedback.get_or_none(id=feedback, hospital_id=hospital).prefetch_related("exam__record")
        if row is None:
            raise NotFound("no such feedback")
        (letter,) = await self._opened([row])
        return letter

    async def act(self, hospital: str, feedback: str, act: Act, staff: str, text: str, now: datetime) -> Letter:
        """Take, answer (with `text`), close, reopen. Raises NotFound, and Conflict where its state does not allow it."""
        before, after = ACTS[act]
        async with transaction():
            row = await _held(await Feedback.get_or_none(id=feedback, hospital_id=hospital))
            if row.state not in before:
                raise Conflict(f"this feedback is {row.state}")
            if text:
                answer = await self._append(row.id, staff, text, now, by_hospital=True)
                if row.person_id:
                    await events.feedback_answered(hospital, row.person_id, answer, now)
            await _move(row, after, now, handler=staff)
        return await self.at(hospital, feedback)

    async def all_of(self, person: str) -> list[dict[str, Any]]:
        """For a person's copy of their account: all that they wrote and were answered."""
        rows = await Feedback.filter(person_id=person).order_by("id")
        return [
            {"hospital": each.row.hospital_id, "kind": each.row.kind, "state": each.row.state, "contact": each.contact}
            | {"entries": [{"by_hospital": said.by_hospital, "text": said.text, "at": said.at} for said in each.entries]}
            for each in await self._opened(rows)
        ]

    def _new(self, author: Author, words: Words, key: str | None, now: datetime) -> Feedback:
        said = "\0".join((words.hospital, words.exam or "", words.page, words.kind, words.contact, words.text))
        return Feedback(
            id=uuid7(),
            hospital_id=words.hospital,
            person_id=author.person,
            link_id=author.link,
            exam_id=words.exam,
            kind=words.kind,
            page=words.page,
            state=State.RECEIVED.value,
            contact=self._sealer.seal(words.contact) if words.contact else None,
            key=self._sealer.index("feedback-key", f"{author.subject}\0{key}") if key else None,
            asked=self._sealer.index("feedback", said),
            created_at=now,
            changed_at=now,
        )

    async def _append(self, feedback: str, subject: str, text: str, now: datetime, *, by_hospital: bool) -> str:
        """Gives the id of the entry."""
        row = FeedbackEntry(
            id=row_id(), feedback_id=feedback, by_hospital=by_hospital, subject=subject, sealed=self._sealer.seal(text), at=now
        )
        await row.save(force_create=True)
        return str(row.id)

    async def _opened(self, rows: Sequence[Feedback]) -> list[Letter]:
        written: dict[str, list[Written]] = {row.id: [] for row in rows}
        for each in await FeedbackEntry.filter(feedback_id__in=list(written)).order_by("id") if written else ():
            written[each.feedback_id].append(Written(each.by_hospital, self._sealer.open(each.sealed), each.at))
        return [Letter(row, self._sealer.open(row.contact) if row.contact else "", written[row.id]) for row in rows]


async def erase_all_of(person: str, now: datetime) -> None:
    """The account is given up: the words go with it, in the caller's transaction."""
    await _erase([row.id for row in await Feedback.filter(person_id=person)], now)


async def _known(row: Feedback) -> Feedback | None:
    """The one that is kept with the same key; raises Conflict when it says something else."""
    known = await Feedback.get_or_none(key=row.key) if row.key else None
    if known is not None and known.asked != row.asked:
        raise Conflict("this Idempotency-Key stands for another request")
    return known


async def _own(author: Author, feedback: str) -> Feedback:
    rows = Feedback.filter(id=feedback, person_id=author.person, link_id=author.link)
    row = await rows.prefetch_related("hospital").first()
    if row is None:
        raise NotFound("no such feedback")
    return row


async def _held(row: Feedback | None) -> Feedback:
    """The row as it is now; nobody else changes it until our transaction is over."""
    if row is None:
        raise NotFound("no such feedback")
    return await Feedback.filter(id=row.id).select_for_update().get()


async def _move(row: Feedback, state: State, now: datetime, handler: str | None = None) -> None:
    who = {"handler": handler} if handler is not None else {}
    await Feedback.filter(id=row.id).update(state=state.value, changed_at=now, **who)


async def _erase(feedbacks: Sequence[str], now: datetime) -> None:
    await FeedbackEntry.filter(feedback_id__in=list(feedbacks)).delete()
    await Feedback.filter(id__in=list(feedbacks)).update(state=State.WITHDRAWN.value, contact=None, changed_at=now)
