"""Every file that there is goes through the public Python client to the running server and comes back as pydicom sees it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.dataset import Dataset, FileDataset

from tests.parts.installation import Installation
from tests.stories import pydicoms, verdicts
from tests.stories.sent import Sent, Uids, sent_files

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore"),  # the files are odd, and pydicom says so
]

BATCH = 20
ERROR_COMMENT = 0x00000902
EXPLICIT_LE = "1.2.840.10008.1.2.1"
HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"
NEVER_SERVED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2")  # Implicit VR and Big Endian: PS3.18 section 8.7.3
NATIVE = (("application/octet-stream", EXPLICIT_LE),)
AS_ARCHIVED = (("application/dicom", "*"),)
LONG_SERIES = 100  # of these every SLICE_STEP-th slice is asked for singly, all of them with their series
SLICE_STEP = 25
FRAMES_MOST = 40  # of a long film
SHADES_APART = 2  # rounding, on the way through two windows
PALETTE_SHADES_APART = 1  # of 16 bit entries: we round, pydicom's user cuts off
JPEG_SHADES_APART = 6.0  # on average, at the usual quality
SMALL_PX = 16  # JPEG keeps little of the colour of so small a picture


@dataclass(frozen=True, slots=True)
class Archive:
    """A running server with all files sent to it."""

    server: Installation
    client: DICOMwebClient
    bare: httpx.Client  # for what the public client does not show
    pids: dict[str, int]
    stored: dict[Uids, Sent]
    refused: dict[str, str]  # name of the file → what the sender is told

    def single(self) -> Iterator[tuple[Uids, Sent, FileDataset]]:
        """Instances to be asked for one by one."""
        lengths: dict[str, int] = {}
        for uids in self.stored:
            lengths[uids[1]] = lengths.get(uids[1], 0) + 1
        for place, (uids, sent) in enumerate(self.stored.items()):
            if lengths[uids[1]] < LONG_SERIES or place % SLICE_STEP == 0:
                yield uids, sent, sent.data_set()

    def images(self) -> Iterator[tuple[Uids, Sent, FileDataset]]:
        """Those of them that hold pixels."""
        return (each for each in self.single() if pydicoms.has_pixels(each[2]))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Installation(tmp_path_factory.mktemp("clients") / "home") as server:
        assert server.command("hospital", "demo", "--name", "示范医院").returncode == 0
        headers = {"Authorization": f"Bearer {server.token()}"}
        session = requests.Session()
        session.headers.update(headers)
        client = DICOMwebClient(f"{server.url}/dicom-web", session=session)
        with httpx.Client(base_url=f"{server.url}/dicom-web", headers=headers, timeout=60) as bare:
            pids = server.alive()
            yield Archive(server, client, bare, pids, *_stored(client, sent_files()))


def _stored(client: DICOMwebClient, files: list[Sent]) -> tuple[dict[Uids, Sent], dict[str, str]]:
    """What was kept, and what is said of the rest. Files that are expected to be good go many in one request."""
    doubtful = [sent for sent in files if sent.suspect or verdicts.refusal(sent) is not None]
    good = [sent for sent in files if sent not in doubtful]
    kept = [uid for start in range(0, len(good), BATCH) for uid in _kept(_send(client, good[start : start + BATCH]))]
    refused: dict[str, str] = {}
    for sent in doubtful:
        answer = _send(client, [sent])
        kept += _kept(answer)
        for reason in _reasons(answer):
            refused[sent.name] = reason
    return {sent.uids: sent for sent in files if sent.uids and sent.uids[2] in kept}, refused


def _send(client: DICOMwebClient, files: list[Sent]) -> Dataset:
    # store_instances() would let pydicom write each file anew: this is the same request with the bytes as they are.
    try:
        return client._http_post_multipart_application_dicom(f"{client.base_url}/studies", [sent.data for sent in files])
    except requests.HTTPError as error:
        assert error.response is not None and error.response.status_code == 409
        return Dataset.from_json(error.response.json())


def _kept(answer: Dataset) -> list[str]:
    return [str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence", ())]


def _reasons(answer: Dataset) -> list[str]:
    """What the sender is told of each refused file, (0000,0902)."""
    failures = [*answer.get("FailedSOPSequence", ()), *answer.get("OtherFailuresSequence", ())]
    return [str(item[ERROR_COMMENT].value) for item in failures]


def test_every_file_is_kept_or_refused_as_stated(archive: Archive) -> None:
    wrong = []
    for sent in sent_files():
        pattern, said = verdicts.refusal(sent), archive.refused.get(sent.name, "")
        if pattern is not None and not re.match(pattern, said):
            wrong.append(f"{sent.name} was refused: {said or 'it was not'}")
        elif pattern is None and archive.stored.get(sent.uids) != sent and not (sent.suspect and said):  # type: ignore[arg-type]
            wrong.append(f"{sent.name} was not kept: {said}")
    assert not wrong


def test_what_was_kept_is_found_at_every_level(archive: Archive) -> None:
    client = archive.client
    studies, series, instances = (
        search(get_remaining=True)
        for search in (client.search_for_studies, client.search_for_series, client.search_for_instances)
    )
    assert {_uid(each, "0020000D") for each in studies} == {uids[0] for uids in archive.stored}
    assert {(_uid(each, "0020000D"), _uid(each, "0020000E")) for each in series} == {uids[:2] for uids in archive.stored}
    assert sorted(_uids(each) for each in instances) == sorted(archive.stored)
    for each in studies:
        mine = [uids for uids in archive.stored if uids[0] == _uid(each, "0020000D")]
        assert (_number(each, "00201206"), _number(each, "00201208")) == (len({uids[1] for uids in mine}), len(mine))
        in_study = client.search_for_instances(mine[0][0])
        assert sorted(_uid(row, "00080018") for row in in_study) == sorted(uids[2] for uids in mine)
    for uids in list(archive.stored)[::SLICE_STEP]:
        assert uids[1] in {_uid(row, "0020000E") for row in client.search_for_series(uids[0])}
        assert uids[2] in {_uid(row, "00080018") for row in client.search_for_instances(*uids[:2])}
        assert len(client.search_for_instances(search_filters={"SOPInstanceUID": uids[2]})) == 1


def test_metadata_of_every_instance_are_pydicoms(archive: Archive) -> None:
    client, wrong = archive.client, []
    documents = [
        each for series in sorted({uids[:2] for uids in archive.stored}) for each in client.retrieve_series_metadata(*series)
    ]
    assert sorted(_uids(each) for each in documents) == sorted(archive.stored)
    for document in documents:
        uids = _uids(document)
        data_set = archive.stored[uids].data_set()
        expected = json.loads(json.dumps(pydicoms.metadata(data_set, _url(client, uids))))
        wrong += [(archive.stored[uids].name, tag) for tag in expected if document.get(tag) != expected[tag]]
        assert all(int(tag, 16) in data_set for tag in document)
    assert not wrong
    of_studies = [each for study in {uids[0] for uids in archive.stored} for each in client.retrieve_study_metadata(study)]
    assert sorted(of_studies, key=_uids) == sorted(documents, key=_uids)
    for document in documents[::SLICE_STEP]:
        assert client.retrieve_instance_metadata(*_uids(document)) == document


def test_large_values_are_where_the_metadata_say(archive: Archive) -> None:
    asked = 0
    for uids, sent, data_set in archive.single():
        for url, path in _links(archive.client.retrieve_instance_metadata(*uids), ()):
            got = archive.client.retrieve_bulkdata(url)
            value = _at(data_set, path)
            asked += 1
            if path[0] in pydicoms.PIXELS and len(path) == 1:
                assert len(got) in (1, pydicoms.frame_count(data_set)), sent.name
            else:
                assert got == [value] or got == [value + b"\0"], (sent.name, path)
    assert asked > 50


def test_pixels_of_every_instance_are_exact_in_whole_files(archive: Archive) -> None:
    compared, wrong = 0, []
    for media_types in (None, AS_ARCHIVED):
        for study in sorted({uids[0] for uids in archive.stored}):
            files = archive.client.retrieve_study(study, media_types=media_types)
            assert sorted(_identity(each) for each in files) == sorted(uids for uids in archive.stored if uids[0] == study)
            for file in files:
                sent = archive.stored[_identity(file)]
                data_set = sent.data_set()
                expected = pydicoms.pixels(data_set) if pydicoms.has_pixels(data_set) else None
                if expected is None:
                    continue
                got = pydicoms.pixels(file)
                compared += 1
                if got is None or got.dtype.kind != expected.dtype.kind or not np.array_equal(got, expected):
                    wrong.append((sent.name, media_types))
    assert not wrong
    assert compared > 100


def test_each_file_comes_as_explicit_little_endian_or_in_the_form_in_which_it_is_kept(archive: Archive) -> None:
    for uids, sent, data_set in archive.single():
        file = archive.client.retrieve_instance(*uids, media_types=("application/dicom",))
        archived = archive.client.retrieve_instance(*uids, media_types=AS_ARCHIVED).file_meta.TransferSyntaxUID
        assert file.file_meta.TransferSyntaxUID == EXPLICIT_LE, sent.name
        assert (archived == HTJ2K_RPCL) == (verdicts.form(sent, data_set) == verdicts.HTJ2K), sent.name
        if archived != HTJ2K_RPCL:
            own = data_set.file_meta.TransferSyntaxUID
            assert archived == (EXPLICIT_LE if own in NEVER_SERVED else own), sent.name


def test_the_bytes_of_the_file_come_back_where_its_own_syntax_can_be_asked_for(archive: Archive) -> None:
    compared = 0
    for uids, sent, data_set in archive.single():
        syntax = data_set.file_meta.TransferSyntaxUID
        if syntax in NEVER_SERVED:
            continue
        answer = archive.bare.get(_path(uids), headers={"Accept": f"application/dicom; transfer-syntax={syntax}"})
        assert hashlib.sha256(answer.content).hexdigest() == sent.sha256, sent.name
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
        compared += 1
    assert compared > 60


def test_every_file_is_given_back_with_the_hash_that_it_was_sent_with(archive: Archive, tmp_path: Path) -> None:
    done = archive.server.command("export", str(tmp_path / "out"), "--hospital", "demo")
    assert done.returncode == 0, done.stderr
    manifest = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    given = {(each["study_uid"], each["series_uid"], each["sop_uid"]): each for each in manifest}
    assert given.keys() == archive.stored.keys()
    for uids, sent in archive.stored.items():
        assert given[uids]["sha256"] == sent.sha256
        assert hashlib.sha256((tmp_path / "out" / given[uids]["path"]).read_bytes()).hexdigest() == sent.sha256, sent.name


def test_every_frame_is_exact(archive: Archive) -> None:
    compared, wrong = 0, []
    for uids, sent, data_set in archive.images():
        numbers = list(range(1, pydicoms.frame_count(data_set) + 1))[:FRAMES_MOST]
        if "PixelData" not in data_set and sent.name == "ort__DummyCT.dcm":
            continue
        frames = archive.client.retrieve_instance_frames(*uids, numbers, media_types=NATIVE)
        as_liked = archive.client.retrieve_instance_frames(*uids, numbers)
        expected = pydicoms.native_frames(data_set)
        assert len(frames) == len(as_liked) == len(numbers), sent.name
        if expected is None:
            continue
        compared += 1
        wrong += [(sent.name, number) for number in numbers if frames[number - 1] != expected[number - 1]]
    assert not wrong
    assert compared > 60


def test_frames_come_in_the_order_asked_for(archive: Archive) -> None:
    uids, _, data_set = next(
        each for each in archive.images() if pydicoms.frame_count(each[2]) > 3 and pydicoms.native_frames(each[2])
    )
    one, two, three = archive.client.retrieve_instance_frames(*uids, [1, 2, 3], media_types=NATIVE)
    assert archive.client.retrieve_instance_frames(*uids, [3, 1, 2], media_types=NATIVE) == [three, one, two]
    assert pydicoms.native_frames(data_set)[:3] == [one, two, three]  # type: ignore[index]


def test_pictures_look_as_pydicom_shows_them(archive: Archive) -> None:
    compared, wrong = 0, []
    for uids, sent, data_set in archive.images():
        png = _opened(archive.client.retrieve_instance_rendered(*uids, media_types=("image/png",)))
        jpeg = _opened(archive.client.retrieve_instance_rendered(*uids, media_types=("image/jpeg",)))
        assert png.shape == jpeg.shape
        if min(png.shape[:2]) > SMALL_PX and np.abs(png.astype(int) - jpeg).mean() > JPEG_SHADES_APART:
            wrong.append((sent.name, "JPEG"))
        frames = pydicoms.pixels(data_set)
        expected = pydicoms.shades(data_set, frames[0]) if frames is not None else None
        if expected is None or frames is None:
            continue
        compared += 1
        apart = np.abs(expected.astype(float) - png)[~pydicoms.is_padding(data_set, frames[0])]
        most = SHADES_APART if png.ndim == 2 else PALETTE_SHADES_APART if frames.ndim == 3 else 0
        if apart.size and apart.max() > most:
            wrong.append((sent.name, f"{apart.max()} shades apart"))
    assert not wrong
    assert compared > 60


def test_what_is_no_picture_says_so(archive: Archive) -> None:
    for uids, sent, data_set in archive.single():
        if pydicoms.has_pixels(data_set):
            continue
        assert _refusal(archive.client.retrieve_instance_frames, *uids, [1]).status_code in (404, 406), sent.name
        if "EncapsulatedDocument" in data_set:
            document = archive.client.retrieve_instance_rendered(*uids, media_types=("application/pdf",))
            assert document.startswith(b"%PDF-")
            continue
        assert _refusal(archive.client.retrieve_instance_rendered, *uids).status_code in (404, 406), sent.name


def test_a_study_is_not_deleted_while_the_law_keeps_it(archive: Archive) -> None:
    study = next(uids[0] for uids, sent in archive.stored.items() if not sent.data_set().get("StudyDate"))
    assert _refusal(archive.client.delete_study, study).status_code == 409
    assert archive.client.retrieve_study_metadata(study)


def test_the_same_processes_served_all_of_it(archive: Archive) -> None:
    """Last of this module: after all good, odd and broken files and all questions about them nothing had to be started anew."""
    assert archive.server.alive().items() >= archive.pids.items()
    assert archive.server.is_ready()


def _refusal(ask: Callable[..., Any], *arguments: Any) -> requests.Response:
    """The error answer that the client gets."""
    with pytest.raises(requests.HTTPError) as error:
        ask(*arguments)
    assert error.value.response is not None
    return error.value.response


def _uid(document: dict[str, Any], tag: str) -> str:
    return str(document[tag]["Value"][0])


def _uids(document: dict[str, Any]) -> Uids:
    return _uid(document, "0020000D"), _uid(document, "0020000E"), _uid(document, "00080018")


def _identity(file: Dataset) -> Uids:
    return str(file.StudyInstanceUID), str(file.SeriesInstanceUID), str(file.SOPInstanceUID)


def _number(document: dict[str, Any], tag: str) -> int:
    return int(document[tag]["Value"][0])


def _path(uids: Uids) -> str:
    return "/studies/{}/series/{}/instances/{}".format(*uids)


def _url(client: DICOMwebClient, uids: Uids) -> str:
    return f"{client.base_url}{_path(uids)}"


def _opened(picture: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(picture)))


def _links(document: dict[str, Any], path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each BulkDataURI, and where its value is: tag, item, tag, …"""
    for tag, attribute in document.items():
        here = (*path, int(tag, 16))
        if "BulkDataURI" in attribute:
            yield attribute["BulkDataURI"], here
        for number, item in enumerate(attribute.get("Value", ()) if attribute["vr"] == "SQ" else ()):
            yield from _links(item, (*here, number))


def _at(data_set: Dataset, path: tuple[int, ...]) -> bytes:
    tag, *below = path
    if not below:
        return bytes(data_set[tag].value)
    return _at(data_set[tag].value[below[0]], tuple(below[1:]))
