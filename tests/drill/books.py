"""What a client must remember of what it sent: acknowledged, or unknown; and whether the archive agrees."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.drill.client import Client, NoAnswer
from tests.drill.instances import Sent

EXAMPLES = 5


@dataclass(slots=True)
class Verdict:
    """What a look at the archive showed."""

    reads: int = 0
    lost: int = 0
    wrong: int = 0
    failed: int = 0
    refused: int = 0  # with 503, where that is right
    may_refuse: bool = False
    examples: list[str] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        """Sum up."""
        self.reads, self.lost = self.reads + other.reads, self.lost + other.lost
        self.wrong, self.failed = self.wrong + other.wrong, self.failed + other.failed
        self.examples = (self.examples + other.examples)[:EXAMPLES]

    def example(self, text: str) -> None:
        """Something to look at afterwards."""
        self.examples = [*self.examples, text][:EXAMPLES]


class Books:
    """Every instance that was ever sent; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sent: dict[str, Sent] = {}
        self.acknowledged: set[str] = set()
        self._fresh: set[str] = set()

    def sending(self, batch: Iterable[Sent]) -> None:
        """Written down before it is sent."""
        with self._lock:
            for each in batch:
                self.sent[each.sop_uid] = each
                self._fresh.add(each.sop_uid)

    def acknowledge(self, uids: Iterable[str]) -> None:
        """The server says that these are safe."""
        with self._lock:
            self.acknowledged |= set(uids)
            self._fresh |= set(uids)

    def fresh(self) -> list[Sent]:
        """Of what something was heard since this was last asked."""
        with self._lock:
            fresh, self._fresh = self._fresh, set()
            return [self.sent[uid] for uid in sorted(fresh)]

    def check(self, client: Client, instances: Iterable[Sent], *, may_refuse: bool = False) -> Verdict:
        """Acknowledged ones must be there, whole and listed; the others whole or absent.

        `may_refuse`: a read may be refused with 503, as when the disk has no room to record who reads.
        """
        verdict = Verdict(may_refuse=may_refuse)
        looked_at = list(instances)
        present = {each.sop_uid for each in looked_at if self._check_one(client, each, verdict)}
        for study_uid in sorted({each.study_uid for each in looked_at} if not verdict.refused else ()):
            self._check_lists(client, study_uid, present, looked_at, verdict)
        return verdict

    def _check_one(self, client: Client, sent: Sent, verdict: Verdict) -> bool:
        """True when it is there."""
        verdict.reads += 1
        try:
            status, body = client.original(sent)
        except NoAnswer as error:
            status, body = 0, repr(error).encode()
        if status == 200 and hashlib.sha256(body).hexdigest() == sent.sha256:
            return True
        if status == 503 and verdict.may_refuse:
            verdict.refused += 1
            return False
        acknowledged = sent.sop_uid in self.acknowledged
        if status == 404 and not acknowledged:
            return False
        verdict.wrong += status == 200
        verdict.lost += status == 404
        verdict.failed += status not in (200, 404)
        verdict.example(f"{sent.path}: {status}, {'acknowledged' if acknowledged else 'unknown'}")
        return status == 200

    def _check_lists(self, client: Client, study_uid: str, present: set[str], looked_at: list[Sent], verdict: Verdict) -> None:
        """The search and the metadata of a study name what is there, and the same."""
        verdict.reads += 2
        try:
            listed = client.found(f"/studies/{study_uid}/instances")
            described = client.found(f"/studies/{study_uid}/metadata")
        except NoAnswer as error:
            verdict.failed += 1
            verdict.example(repr(error))
            return
        here = {each.sop_uid for each in looked_at if each.study_uid == study_uid}
        if listed != described or listed & here != present & here:
            verdict.failed += 1
            verdict.example(
                f"study {study_uid}: {len(listed)} listed, {len(described)} described, {len(present & here)} readable"
            )
        unknown = listed - self.sent.keys()
        verdict.wrong += len(unknown)
