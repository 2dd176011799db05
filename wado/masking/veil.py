"""One grant's mask over the archive: masked UIDs lead to instances, and instances are shown under the mask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final

from archive.locate import Located
from archive.models import Form, Instance
from archive.read import Reader
from archive.syntaxes import EXPLICIT_LE
from core.errors import NotFound
from core.grants import Grant
from wado.masking.attributes import VERSION, Mask
from wado.masking.burnedin import Pixels
from wado.masking.devices import Devices
from wado.masking.reader import MaskedReader, VeiledInstance
from wado.masking.uids import mapped

Places = dict[str, tuple[str, str]]  # masked UID of an instance → its own series and SOP Instance UID

_ENTRY_BYTES: Final = 300  # about what one instance takes in the list of a study
_PERSON: Final = "masked"  # for who may not know even a number
_NO_RULES: Final[Devices] = MappingProxyType({})


class Veil:
    """Made for each request of a masked grant; `reader` reads what it shows."""

    def __init__(self, grant: Grant, reader: Reader, now: datetime, devices: Devices = _NO_RULES) -> None:
        self._grant = grant
        self._plain = reader
        self._now = now
        self._devices = devices
        self._key = bytes.fromhex(grant.mask)
        self.mask = Mask(_PERSON, partial(mapped, self._key))
        self.reader = MaskedReader(reader, self.mask, grant.mask, self.over)

    async def real(self, study_uid: str, series_uid: str | None, sop_uid: str | None) -> tuple[str, str | None, str | None]:
        """The own UIDs of what has these ones under the mask; raises NotFound."""
        hospital, study = self._study(study_uid)
        if series_uid is None and sop_uid is None:
            return study, None, None
        below = await self._below(hospital, study)
        if sop_uid is None:
            series = self._series_of(below, series_uid)
            if series is None:
                raise NotFound("no such series")
            return study, series, None
        if sop_uid not in below or (series_uid is not None and mapped(self._key, below[sop_uid][0]) != series_uid):
            raise NotFound("no such instance")
        return study, *below[sop_uid]

    async def own_uid(self, kind: str, masked_uid: str) -> str:
        """The UID that this one stands for, of "studies", "series" or "instances" of the grant; raises NotFound."""
        if kind == "studies":
            return self._study(masked_uid)[1]
        for hospital, study in self._studies():
            below = await self._below(hospital, study)
            if kind == "instances" and masked_uid in below:
                return below[masked_uid][1]
            if kind == "series" and (series := self._series_of(below, masked_uid)):
                return series
        raise NotFound("no such series or instance")

    def masked_uid(self, uid: str) -> str:
        """The UID that stands for this own one."""
        return mapped(self._key, uid)

    def hospitals_of(self, study_uid: str) -> frozenset[str]:
        """The hospitals in which the grant may look for the study of that own UID."""
        return self._grant.hospitals_of(study_uid)

    async def over(self, at: Located) -> VeiledInstance:
        """The instance under the mask; raises NotFound when it must not leave: no picture, or text may stand in it."""
        pixels = await self.reader.pixels(at, self._devices.get(at.hospital, ()))
        description = at.description
        if pixels is None or description is None or not at.decodable or description.sample != "integer":
            raise NotFound("no such instance")
        return self._veiled(at, pixels)

    async def over_all(self, many: Iterable[Located]) -> list[Located]:
        """Those of them that may leave, under the mask; raises NotFound for none."""
        found: list[Located] = []
        asked = list(many)
        for hospital in {at.hospital for at in asked}:
            rules = self._devices.get(hospital, ())
            await self.reader.judge([at for at in asked if at.hospital == hospital], rules)
        for at in asked:
            try:
                found.append(await self.over(at))
            except NotFound:
                continue
        if not found:
            raise NotFound("no such study or series")
        return found

    def _veiled(self, at: Located, pixels: Pixels) -> VeiledInstance:
        # What came compressed by others stays here: text may stand between its pixels.
        native = at.form is not Form.HTJ2K or not pixels.untouched
        tag = hashlib.sha256(f"{at.sha256}/{self._grant.mask}/{VERSION}/{pixels}".encode()).hexdigest()
        own = {field.name: getattr(at, field.name) for field in fields(Located)}
        shown = {
            "key": f"{at.key}~{tag}",
            "sha256": tag,
            "original_sha256": tag,
            "original_crc32": None,
            "study_uid": mapped(self._key, at.study_uid),
            "series_uid": mapped(self._key, at.series_uid),
            "sop_uid": mapped(self._key, at.sop_uid),
            "transfer_syntax_uid": EXPLICIT_LE if native else at.transfer_syntax_uid,
            "original_transfer_syntax_uid": EXPLICIT_LE,
        }
        return VeiledInstance(**{**own, **shown, "own": at, "pixels": pixels, "native": native})

    def _study(self, masked_uid: str) -> tuple[str, str]:
        for hospital, study in self._studies():
            if mapped(self._key, study) == masked_uid:
                return hospital, study
        raise NotFound("no such study")

    def _studies(self) -> set[tuple[str, str]]:
        return {*self._grant.studies, *((hospital, study) for hospital, study, _ in self._grant.series)}

    async def _below(self, hospital: str, study_uid: str) -> Places:
        name = f"veil/{self._grant.mask}/{hospital}/{study_uid}"
        return await self._plain.current(
            name, self._now, partial(self._asked, hospital, study_uid), cost=lambda found: _ENTRY_BYTES * (1 + len(found))
        )

    async def _asked(self, hospital: str, study_uid: str) -> Places:
        rows = await Instance.filter(
            hospital_id=hospital, series__study__study_instance_uid=study_uid, series__study__hospital_id=hospital
        ).values_list("series__series_instance_uid", "sop_instance_uid")
        return {mapped(self._key, str(sop)): (str(series), str(sop)) for series, sop in rows}

    def _series_of(self, below: Places, masked_uid: str | None) -> str | None:
        series = dict.fromkeys(series for series, _ in below.values())
        return next((each for each in series if mapped(self._key, each) == masked_uid), None)
