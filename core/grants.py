"""A grant says who may see which pictures until when; it is the single door to pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import NotFound, Unauthenticated


class Role(StrEnum):
    """Who is asking. No account is both admin and auditor."""

    HOSPITAL = "hospital"
    CLINICIAN = "clinician"
    KIOSK = "kiosk"
    GUIDE = "guide"
    AUDITOR = "auditor"
    ADMIN = "admin"
    PATIENT = "patient"
    LINK = "link"  # whoever proved a link: sees what it opens, and is nobody else
    THIRD_PARTY = "third-party"  # an outside system, for one purpose: sees what it was authorised to


@dataclass(frozen=True, slots=True)
class Grant:
    """Whole hospitals, single studies (hospital, study) or single series (hospital, study, series), until a moment.

    `session` is the id that audit rows and revocation use; it is never the token itself. `home` is the hospital that a
    system or a member of staff belongs to; it stores there, whatever it may read. `allowed_by` names the authorisation by
    which a third party reads a (hospital, study) or (hospital, exam), for the record.
    """

    subject: str
    role: Role
    session: str
    until: datetime
    hospitals: frozenset[str] = frozenset()
    studies: frozenset[tuple[str, str]] = frozenset()
    series: frozenset[tuple[str, str, str]] = frozenset()
    mask: str = field(default="", repr=False)  # key, in hex, of the mask under which all of it leaves; empty: as it is
    home: str | None = None
    allowed_by: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)
    _by_study: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def masked(self) -> bool:
        """True when nothing may leave that tells whose it is."""
        return bool(self.mask)

    def hospitals_of(self, study_uid: str) -> frozenset[str]:
        """The hospitals in which this grant may look for a study of that UID."""
        known = self._by_study.get(study_uid)
        if known is None:
            pairs = self.studies | {(hospital, study) for hospital, study, _ in self.series}
            known = self.hospitals | {hospital for hospital, study in pairs if study == study_uid}
            self._by_study[study_uid] = known
        return known

    def allows(self, hospital: str, study_uid: str, series_uid: str | None = None) -> bool:
        """True when the study, or that one series of it, lies inside this grant; says nothing of time."""
        if hospital in self.hospitals or (hospital, study_uid) in self.studies:
            return True
        return series_uid is not None and (hospital, study_uid, series_uid) in self.series

    def require(self, hospital: str, study_uid: str, series_uid: str | None, now: datetime) -> None:
        """Pass, or raise: Unauthenticated once the grant is over, NotFound for what is not yours."""
        if now >= self.until:
            raise Unauthenticated("the grant has expired")
        if not self.allows(hospital, study_uid, series_uid):
            raise NotFound("no such study")
