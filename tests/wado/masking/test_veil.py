"""What leaves under a mask, by every way at once: no byte of it tells whose it is, and it is one consistent study."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from archive.read import Reader
from archive.replicas import Replicas
from archive.tiers import Tiers
from core.errors import CloudfilmError, NotFound
from core.grants import Grant, Role
from infra.epoch import Epoch
from tests.archive.samples import package
from tests.archive.stored import NOW, put
from wado import bulkdata, frames, instances, metadata, places, rendered, thumbnails
from wado.asking import Scope
from wado.masking.search import masked_search
from wado.masking.veil import Veil
from wado.negotiation import Category, negotiate
from wado.places import Asker, Place
from wado.query import Level
from wado.ready import Answer, Ready, Streamed
from wado.renderparams import RenderParameters

pytestmark = pytest.mark.usefixtures("hospital")
MARKER = "MARKERXQ"
DICOM = "application/dicom"
ROOT = "https://film.example/dicom-web"
STUDY, OTHER_STUDY = "1.2.826.0.1.77", "1.2.826.0.1.78"
# file → number of its series; the last has text burned in that nobody knows the place of
FILES = {"CT_small.dcm": 1, "MR_small.dcm": 1, "examples_palette.dcm": 2, "examples_ybr_color.dcm": 2, "SC_rgb_jpeg.dcm": 3}
LEAVING = 4
GRANT = Grant(
    "recipient", Role.LINK, "session", NOW + timedelta(hours=1), studies=frozenset({("demo", STUDY)}), mask=(b"k" * 32).hex()
)
TEXT_VRS = {"LO", "LT", "PN", "SH", "ST", "UT", "AE"}


def _sent(name: str, study: str = STUDY) -> FileDataset:
    """The package's file as one of the study, with the marker in every text that it has, and in private elements."""
    data_set = pydicom.dcmread(io.BytesIO(package(name)))
    for element in data_set:
        if element.VR in TEXT_VRS:
            element.value = MARKER
    data_set.PatientName, data_set.PatientID, data_set.AccessionNumber = MARKER, MARKER, MARKER
    data_set.private_block(0x0099, MARKER, create=True).add_new(1, "LO", MARKER)
    number = list(FILES).index(name)
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = study, f"{study}.{FILES[name]}"
    data_set.SOPInstanceUID = f"{study}.{FILES[name]}.{number}"
    data_set.file_meta.MediaStorageSOPInstanceUID = UID(data_set.SOPInstanceUID)
    data_set.SeriesNumber, data_set.InstanceNumber = FILES[name], number
    data_set.preamble = MARKER.encode() * 16
    return data_set


def _file(data_set: FileDataset) -> bytes:
    written = io.BytesIO()
    data_set.save_as(written)
    return written.getvalue()


@pytest.fixture
async def plain(replicas: Replicas, tmp_path: Path) -> AsyncIterator[Reader]:
    other = _sent("CT_small.dcm", OTHER_STUDY)
    await put(replicas, tmp_path / "in", *(_file(_sent(name)) for name in FILES), _file(other))
    tiers = Tiers(1 << 26)
    epochs = [Epoch(tmp_path / name) for name in ("archive.epoch", "arrivals.epoch")]
    yield Reader(tiers, replicas, *epochs)
    await tiers.close()
    for epoch in epochs:
        epoch.close()


@pytest.fixture
def veil(plain: Reader) -> Veil:
    return Veil(GRANT, plain, NOW)


@pytest.fixture
def asker(veil: Veil) -> Asker:
    return Asker(GRANT, NOW, veil)


Ask = Callable[..., Any]


@pytest.fixture
def rows(plain: Reader, asker: Asker) -> Ask:
    async def ask(level: Level, *parameters: tuple[str, str], study: str | None = None, series: str | None = None) -> Any:
        found, _ = await masked_search(plain, asker, level, Scope(study, series), parameters, ROOT)
        return [orjson.loads(row) for row in found.rows]

    return ask


def _uid(row: dict[str, Any], keyword: str) -> str:
    return str(row[f"{pydicom.datadict.tag_for_keyword(keyword):08X}"]["Value"][0])


async def _bytes(answer: Answer) -> bytes:
    if isinstance(answer, Ready):
        return gzip.decompress(answer.body) if answer.content_encoding else answer.body
    assert isinstance(answer, Streamed)
    return b"".join([piece async for piece in answer.pieces()])


async def test_every_way_out_is_consistent_and_silent(veil: Veil, asker: Asker, rows: Ask) -> None:
    reader, said = veil.reader, []
    (study,) = await rows(Level.STUDY)
    study_uid = _uid(study, "StudyInstanceUID")
    found = await rows(Level.INSTANCE, study=study_uid)
    assert len(found) == LEAVING
    for row in found:
        where = Place(study_uid, _uid(row, "SeriesInstanceUID"), _uid(row, "SOPInstanceUID"))
        at = await places.instance(reader, asker, where)
        for accept in (DICOM, f"{DICOM}; transfer-syntax=*"):
            answer = await instances.of_instance(reader, at, negotiate(Category.INSTANCES, accept))
            file = pydicom.dcmread(io.BytesIO(await _bytes(answer)))
            assert (file.StudyInstanceUID, file.SeriesInstanceUID, file.SOPInstanceUID) == tuple(where_uids(where))
            said.append(await _bytes(answer))
        for wanted in (None, 'multipart/related; type="application/octet-stream"; transfer-syntax=*'):
            said.append(await _bytes(await frames.frames(reader, at, [1], negotiate(Category.FRAMES, wanted))))
        said.append(await _bytes(await rendered.rendered(reader, at, [1], RenderParameters(), "image/png")))
        said.append(await _bytes(await thumbnails.thumbnail(reader, at, None, RenderParameters(), None)))
        document = await metadata.of_instance(reader, at, negotiate(Category.METADATA, None)[0], ROOT)
        (told,) = orjson.loads(document.body)
        said.append(document.body)
        for path in _large_values(told):
            said.append(await _bytes(await bulkdata.bulkdata(reader, at, path, None)))
    for where in (Place(study_uid), Place(study_uid, _uid(found[0], "SeriesInstanceUID"))):
        many = await places.instances(asker, where)
        zipped = negotiate(Category.INSTANCES, "application/zip")
        said.append(await _bytes(await instances.of_all(reader, many, where, zipped)))
        said.append(
            await _bytes(await instances.of_all(reader, many, where, negotiate(Category.INSTANCES, None, single=False)))
        )
        choice = negotiate(Category.METADATA, None)[0]
        said.append(await _bytes(await metadata.of_series(reader, asker, where, choice, ROOT, packed=True)))
    said.append(orjson.dumps([study, found, await rows(Level.SERIES, ("includefield", "all"), study=study_uid)]))
    everything = b"\n".join(said)
    assert MARKER.encode() not in everything
    assert STUDY.encode() not in everything
    assert len(said) > LEAVING * 6


def where_uids(where: Place) -> list[str | None]:
    return [where.study_uid, where.series_uid, where.sop_uid]


def _large_values(document: dict[str, Any]) -> list[str]:
    return [each["BulkDataURI"].partition("/bulkdata/")[2] for each in document.values() if "BulkDataURI" in each]


async def _at(veil: Veil, asker: Asker, name: str) -> Any:
    own = _sent(name)
    mapped = [veil.mask.mapped_uid(str(uid)) for uid in (own.StudyInstanceUID, own.SeriesInstanceUID, own.SOPInstanceUID)]
    return await places.instance(veil.reader, asker, Place(*mapped))


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm"])
async def test_pixels_of_a_clean_image_are_exact(veil: Veil, asker: Asker, name: str) -> None:
    at = await _at(veil, asker, name)
    answer = await instances.of_instance(veil.reader, at, negotiate(Category.INSTANCES, DICOM))
    got = pydicom.dcmread(io.BytesIO(await _bytes(answer)))
    assert np.array_equal(pixel_array(got), pixel_array(_sent(name)))


@pytest.mark.parametrize("name", ["examples_palette.dcm", "examples_ybr_color.dcm"])
async def test_an_ultrasound_leaves_without_what_lies_outside_its_image_areas(veil: Veil, asker: Asker, name: str) -> None:
    at = await _at(veil, asker, name)
    regions = _inside(_sent(name))
    before = await veil.reader._plain.array(at.source, 1)  # the same frame without the mask
    array = await veil.reader.array(at, 1)
    assert np.array_equal(array[regions], before[regions])
    assert len(np.unique(array[~regions].reshape(-1, *array.shape[2:]), axis=0)) == 1
    assert not np.array_equal(array, before)
    answer = await instances.of_instance(veil.reader, at, negotiate(Category.INSTANCES, DICOM))
    got = pixel_array(pydicom.dcmread(io.BytesIO(await _bytes(answer))), index=0)
    assert np.array_equal(got[regions], before[regions])
    assert len(np.unique(got[~regions].reshape(-1, *got.shape[2:]), axis=0)) == 1


def _inside(data_set: Dataset) -> np.ndarray[Any, np.dtype[np.bool_]]:
    found = np.zeros((data_set.Rows, data_set.Columns), bool)
    for each in data_set.SequenceOfUltrasoundRegions:
        rows = slice(each.RegionLocationMinY0, each.RegionLocationMaxY1 + 1)
        found[rows, each.RegionLocationMinX0 : each.RegionLocationMaxX1 + 1] = True
    return found


async def test_what_is_not_known_to_be_clean_is_not_there(veil: Veil, asker: Asker) -> None:
    with pytest.raises(NotFound):
        await _at(veil, asker, "SC_rgb_jpeg.dcm")


async def test_own_uids_and_those_of_other_studies_are_not_there(veil: Veil, asker: Asker, rows: Ask) -> None:
    own, masked_uid = _sent("CT_small.dcm"), veil.mask.mapped_uid
    for where in (
        Place(STUDY),
        Place(STUDY, str(own.SeriesInstanceUID), str(own.SOPInstanceUID)),
        Place(masked_uid(STUDY), str(own.SeriesInstanceUID)),
        Place(masked_uid(STUDY), masked_uid(f"{STUDY}.2"), masked_uid(str(own.SOPInstanceUID))),
        Place(masked_uid(OTHER_STUDY)),
        Place(masked_uid(OTHER_STUDY), masked_uid(f"{OTHER_STUDY}.1"), masked_uid(f"{OTHER_STUDY}.1.0")),
    ):
        with pytest.raises(NotFound):
            await (places.instance(veil.reader, asker, where) if where.sop_uid else places.instances(asker, where))
        with pytest.raises(CloudfilmError):
            await metadata.of_series(veil.reader, asker, where, negotiate(Category.METADATA, None)[0], ROOT, packed=False)
    for uid in (STUDY, OTHER_STUDY, masked_uid(OTHER_STUDY)):
        assert await rows(Level.STUDY, ("StudyInstanceUID", uid)) == []
        assert await rows(Level.SERIES, study=uid) == []
    assert len(await rows(Level.STUDY, ("StudyInstanceUID", masked_uid(STUDY)))) == 1
    assert len(await rows(Level.INSTANCE, ("SeriesInstanceUID", masked_uid(f"{STUDY}.1")))) == 2


async def test_nobody_learns_a_name_by_searching_for_it(rows: Ask) -> None:
    for name, value in (("PatientName", "SOMEBODY*"), ("00100020", "other"), ("AccessionNumber", "nothing")):
        assert len(await rows(Level.STUDY, (name, value))) == 1


async def test_two_grants_see_two_different_studies(plain: Reader, veil: Veil) -> None:
    other = Veil(Grant("r", Role.LINK, "s", NOW, studies=GRANT.studies, mask=(b"l" * 32).hex()), plain, NOW)
    assert veil.mask.mapped_uid(STUDY) != other.mask.mapped_uid(STUDY)
