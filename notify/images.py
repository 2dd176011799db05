"""Are the images of an exam all here? A message leads to what is due, so that it waits for them a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from archive.models import Study
from archive.settling import STUDY_SETTLED
from infra.models import Outbox, OutboxState
from notify.models import NoticeRule
from records.filmwork import COMPLETE, FILM, complete_key
from records.models import Exam, ExamStudy, Images


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is here of some exams: their links to studies, those studies, and the exams whose film is still to be made."""

    links: Mapping[str, Sequence[ExamStudy]] = field(default_factory=dict)
    studies: Mapping[tuple[str, str], Study] = field(default_factory=dict)
    films_promised: frozenset[str] = frozenset()
    studies_arriving: frozenset[int] = frozenset()
    complete: frozenset[str] = frozenset()  # of those that announced how many images they have: all are here

    def all_is_here(self, exam: Exam, rule: NoticeRule) -> bool:
        """True when all images that are due can be shown, and the film that is made of them.

        Due are those announced, those of the named studies, or some where this category has images.
        """
        if exam.images is Images.ELSEWHERE:
            return True
        links = self.links.get(exam.id, ())
        if not all(link.confirmed for link in links):
            return False
        named = [self.studies.get((exam.hospital_id, link.study_uid)) for link in links]
        here = [study for study in named if study is not None]
        expected = (exam.expected or {}).get("instances", 0)
        if expected and sum(study.instance_count for study in here) < expected:
            return False
        if not here:
            return exam.category not in rule.images_expected
        if exam.id in self.films_promised:
            return False
        return exam.id in self.complete or not any(study.id in self.studies_arriving for study in here)


async def of(exams: Iterable[Exam]) -> Arrived:
    """Of all these exams in a few questions."""
    wanted = {exam.id: exam for exam in exams}
    if not wanted:
        return Arrived()
    links: dict[str, list[ExamStudy]] = defaultdict(list)
    for link in await ExamStudy.filter(exam_id__in=list(wanted)):
        links[link.exam_id].append(link)
    studies = await _studies(wanted, [link for each in links.values() for link in each])
    promised = Outbox.filter(state=OutboxState.WAITING, topic=FILM, key__in=list(wanted))
    films = frozenset(str(key) for key in await promised.values_list("key", flat=True))
    return Arrived(links, studies, films, await _arriving(studies.values()), await _complete(wanted.values()))


async def _studies(exams: Mapping[str, Exam], links: Sequence[ExamStudy]) -> dict[tuple[str, str], Study]:
    named = {(exams[link.exam_id].hospital_id, link.study_uid) for link in links}
    if not named:
        return {}
    hospitals, uids = zip(*named, strict=True)
    found = await Study.filter(hospital_id__in=set(hospitals), study_instance_uid__in=set(uids))
    return {(row.hospital_id, row.study_instance_uid): row for row in found}


async def _complete(exams: Iterable[Exam]) -> frozenset[str]:
    """Ids of those whose film was promised since all announced images are here: they need not wait for more."""
    keys = {complete_key(exam): exam.id for exam in exams if exam.expected}
    done = Outbox.filter(state=OutboxState.DONE, topic=COMPLETE, key__in=list(keys))
    return frozenset(keys[str(key)] for key in await done.values_list("key", flat=True)) if keys else frozenset()


async def _arriving(studies: Iterable[Study]) -> frozenset[int]:
    """Ids of those of which more may still come: a promise of each is open, with the id at the beginning of its key."""
    wanted = {study.id for study in studies}
    if not wanted:
        return frozenset()
    waiting = Outbox.filter(state=OutboxState.WAITING, topic=STUDY_SETTLED)
    return frozenset(wanted & {int(str(key).split(".")[0]) for key in await waiting.values_list("key", flat=True)})
