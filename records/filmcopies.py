"""A page of film as somebody wants it: JPEG of any width, all pages as PDF, one as DICOM; from ready bytes where there are."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, SecondaryCaptureImageStorage

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from archive.tiers import Tiers
from core.errors import NotFound
from films import page
from films.pagespdf import jpeg_header, pdf
from films.tables import Shades
from records.films import PNG
from records.models import Exam, ExamStudy, Film, FilmPage, FilmSource, FilmTier, Hospital, PatientRecord

FILM_SERIES_NUMBER = 9900  # beyond the numbers that devices give
BURNED_IN = "YES"  # the header of a page names the patient


@dataclass(frozen=True, slots=True)
class Bytes:
    """Something finished, and the SHA-256 of it in hex: its entity tag."""

    content: bytes
    sha256: str


class Shelf:
    """Where copies of pages are taken from: memory, Redis, then the stores."""

    def __init__(self, tiers: Tiers, replicas: Replicas) -> None:
        self._tiers = tiers
        self._replicas = replicas

    async def jpeg(self, master_id: str, width: int | None = None) -> Bytes:
        """The page at that width in pixels, never wider than it is; None = as wide as it is. Raises NotFound, NoGoodCopy."""
        ready = await FilmTier.filter(master_id=master_id).order_by("width").prefetch_related("document")
        if not ready:
            raise NotFound("no such page")
        tier = next((each for each in ready if width is not None and each.width >= width), ready[-1])
        if width is None or width >= tier.width:
            return Bytes(await self._document(tier.document), tier.document.sha256)
        content = await self._tiers.read(f"film/{tier.document.sha256}/{width}", lambda: self._narrower(tier.document, width))
        return Bytes(content, hashlib.sha256(content).hexdigest())

    async def pdf(self, film: Film, pages: Sequence[FilmPage]) -> Bytes:
        """All pages. Raises NoGoodCopy."""
        content = await self._tiers.read(f"film/{film.content_sha256}/pdf", lambda: self._pdf(pages))
        return Bytes(content, hashlib.sha256(content).hexdigest())

    async def dicom(self, film: Film, shown: FilmPage) -> Bytes:
        """One page as Secondary Capture (PS3.3 A.8) of the exam's patient and study. Raises NoGoodCopy."""
        data_set = await _identity(film, shown)
        if film.source is FilmSource.HOSPITAL:
            jpeg = (await self.jpeg(shown.document_id)).content
            content = await asyncio.to_thread(_from_jpeg, data_set, jpeg)
        else:
            master = await documents.get(film.hospital_id, shown.document_id)
            assert master.media_type == PNG, "what we make has a master without loss"
            content = await asyncio.to_thread(_from_png, data_set, await self._document(master))
        return Bytes(content, hashlib.sha256(content).hexdigest())

    async def _document(self, document: Document) -> bytes:
        return await self._tiers.read(f"document/{document.sha256}", lambda: documents.content(self._replicas, document))

    async def _narrower(self, document: Document, width: int) -> bytes:
        wide = await self._document(document)
        return await asyncio.to_thread(lambda: page.scaled(_decoded(wide), width).content)

    async def _pdf(self, pages: Sequence[FilmPage]) -> bytes:
        jpegs = [(await self.jpeg(each.document_id)).content for each in pages]
        return await asyncio.to_thread(pdf, jpegs)


def _decoded(jpeg: bytes) -> Shades:
    """Pixels of a JPEG that was drawn here, or proved in a limited child when it came."""
    return np.asarray(imagecodecs.jpeg8_decode(jpeg), np.uint8)


async def _identity(film: Film, shown: FilmPage) -> Dataset:
    """Whose page it is, and of which study: everything but the pixels."""
    exam = await Exam.get(id=film.exam_id)
    hospital = await Hospital.get(code=exam.hospital_id)
    link = await ExamStudy.filter(exam_id=exam.id, confirmed=True).order_by("id").first()
    record = await PatientRecord.get_or_none(id=exam.record_id) if exam.record_id else None
    said = Dataset()
    said.SpecificCharacterSet = "ISO_IR 192"
    said.ImageType = ["DERIVED", "SECONDARY"]
    said.SOPClassUID, said.SOPInstanceUID = SecondaryCaptureImageStorage, _uid(shown.id)
    said.StudyInstanceUID, said.SeriesInstanceUID = link.study_uid if link else _uid(exam.id), _uid(film.id)
    _say_patient(said, exam, record)
    _say_exam(said, exam, ZoneInfo(hospital.zone))
    said.InstitutionName = hospital.name[:64]
    said.Modality, said.ConversionType, said.BurnedInAnnotation = "OT", "WSD", BURNED_IN
    said.SeriesNumber, said.InstanceNumber = FILM_SERIES_NUMBER, shown.n
    _say_time(said, "Content", film.made_at, ZoneInfo(hospital.zone))
    return said


def _say_patient(said: Dataset, exam: Exam, record: PatientRecord | None) -> None:
    said.PatientID = exam.patient_id
    said.PatientName = record.name[:64] if record else ""
    said.PatientBirthDate = record.birth_date.strftime("%Y%m%d") if record and record.birth_date else ""
    said.PatientSex = record.sex if record else ""


def _say_exam(said: Dataset, exam: Exam, zone: ZoneInfo) -> None:
    said.AccessionNumber = exam.accession if len(exam.accession) <= 16 else ""  # SH, PS3.5 section 6.2
    said.StudyID, said.ReferringPhysicianName, said.Laterality, said.PatientOrientation = "", "", "", ""
    said.StudyDescription = exam.item[:64]
    said.SeriesDescription = "Film"
    _say_time(said, "Study", exam.performed_at, zone)


def _say_time(said: Dataset, what: str, at: datetime, zone: ZoneInfo) -> None:
    local = at.astimezone(zone)
    setattr(said, f"{what}Date", local.strftime("%Y%m%d"))
    setattr(said, f"{what}Time", local.strftime("%H%M%S"))


def _uid(id: str) -> str:
    """The UID that an id of ours is (PS3.5 annex B.2)."""
    return f"2.25.{uuid.UUID(id).int}"


def _from_jpeg(said: Dataset, jpeg: bytes) -> bytes:
    """Baseline grey goes in as it is; everything else is unpacked."""
    header = jpeg_header(jpeg)
    said.LossyImageCompression, said.LossyImageCompressionMethod = "01", "ISO_10918_1"
    if not (header.baseline and header.components == 1):
        return _native(said, _decoded(jpeg))
    _say_pixels(said, header.height, header.width, 1)
    said.LossyImageCompressionRatio = f"{header.width * header.height / len(jpeg):.4g}"
    said.PixelData = encapsulate([jpeg])
    said["PixelData"].is_undefined_length = True
    return _written(said, JPEGBaseline8Bit)


def _from_png(said: Dataset, png: bytes) -> bytes:
    return _native(said, np.asarray(imagecodecs.png_decode(png), np.uint8))


def _native(said: Dataset, shades: Shades) -> bytes:
    _say_pixels(said, shades.shape[0], shades.shape[1], 1 if shades.ndim == 2 else 3)
    content = shades.tobytes()
    said.PixelData = content + bytes(len(content) % 2)
    return _written(said, ExplicitVRLittleEndian)


def _say_pixels(said: Dataset, rows: int, columns: int, samples: int) -> None:
    said.Rows, said.Columns, said.SamplesPerPixel = rows, columns, samples
    said.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if samples > 1:
        said.PlanarConfiguration = 0
    said.BitsAllocated, said.BitsStored, said.HighBit, said.PixelRepresentation = 8, 8, 7, 0


def _written(said: Dataset, transfer_syntax_uid: UID) -> bytes:
    said.file_meta = FileMetaDataset()
    said.file_meta.TransferSyntaxUID = transfer_syntax_uid
    target = BytesIO()
    dcmwrite(target, said, enforce_file_format=True)
    return target.getvalue()
