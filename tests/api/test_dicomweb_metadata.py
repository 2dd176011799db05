"""Metadata over HTTP: what pydicom says, at every level, as JSON, gzip and XML, and new when something arrives."""

from __future__ import annotations

import gzip
import json
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest

from tests.parts.site import SERIES_OF_THREE, Site, made, parts, uids
from tests.stories.pydicoms import metadata

JSON, XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'


@pytest.mark.parametrize("name", ["ct", "rle", "big endian", "implicit", "cine", "report", "ecg", "pdf", "slice 1"])
def test_metadata_is_what_pydicom_says(site: Site, name: str) -> None:
    answer = site.get(f"{site.path(name)}/metadata", JSON)
    assert answer.headers["content-type"] == JSON
    assert answer.json() == [metadata(site.data_set(name), site.root + site.path(name))]


def test_json_is_the_default_and_plain_json_may_be_asked_for(site: Site) -> None:
    assert site.get(f"{site.path('ct')}/metadata").headers["content-type"] == JSON
    assert site.get(f"{site.path('ct')}/metadata", "application/json").headers["content-type"] == "application/json"
    assert site.get(f"{site.path('ct')}/metadata?accept=application/dicom%2Bjson", "*/*").headers["content-type"] == JSON
    assert site.get(f"{site.path('ct')}/metadata", "image/jpeg").status_code in (400, 406)


def test_series_and_study_hold_every_instance_in_order(site: Site) -> None:
    study, series = SERIES_OF_THREE
    single = [site.get(f"{site.path(f'slice {number}')}/metadata").json()[0] for number in (1, 2, 3)]
    for level in (f"/studies/{study}/series/{series}", f"/studies/{study}"):
        assert site.get(f"{level}/metadata").json() == single


def test_bulk_data_uris_are_absolute_and_lead_to_the_value(site: Site) -> None:
    (document,) = site.get(f"{site.path('ct')}/metadata").json()
    uri = document["7FE00010"]["BulkDataURI"]
    assert uri.startswith(site.root)
    with site.client() as client:
        answer = client.get(uri, headers={"Accept": "application/octet-stream", "Host": "elsewhere.example"})
    assert answer.content == site.data_set("ct").PixelData


def test_a_foreign_host_header_changes_no_uri(site: Site) -> None:
    assert b"elsewhere" not in site.get(f"{site.path('ct')}/metadata", Host="elsewhere.example").content


def test_gzip_for_who_unpacks_it_and_plain_for_who_does_not(site: Site) -> None:
    study, series = SERIES_OF_THREE
    for level in (f"/studies/{study}/series/{series}/metadata", f"/studies/{study}/metadata"):
        plain = site.get(level, Accept_Encoding="identity")
        packed = site.get(level, Accept_Encoding="br, gzip")
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json() == plain.json()
        assert packed.headers["etag"] != plain.headers["etag"]
        assert "content-encoding" not in site.get(level, Accept_Encoding="gzip;q=0").headers


def test_the_packed_document_is_really_smaller(site: Site) -> None:
    study, series = SERIES_OF_THREE
    with site.client() as client:
        asked = client.build_request(
            "GET", f"{site.root}/studies/{study}/series/{series}/metadata", headers={"Accept-Encoding": "gzip"}
        )
        raw = b"".join(client.send(asked, stream=True).iter_raw())
    assert len(raw) < len(gzip.decompress(raw)) / 2


def test_metadata_is_new_when_an_instance_arrives(site: Site) -> None:
    own = uids("metadata grows")
    level = f"/studies/{own['StudyInstanceUID']}/series/{own['SeriesInstanceUID']}/metadata"
    assert site.get(level).status_code == 404
    for count in (1, 2, 3):
        named = own | {"SOPInstanceUID": f"{own['SeriesInstanceUID']}.{count}", "InstanceNumber": count}
        site.store(made(np.zeros((8, 8), np.uint8), named))
        assert [_uid(each) for each in site.get(level).json()] == [f"{own['SeriesInstanceUID']}.{n + 1}" for n in range(count)]


def test_metadata_is_new_when_an_instance_is_replaced(site: Site) -> None:
    own = uids("metadata replaced")
    site.store(made(np.zeros((8, 8), np.uint8), own | {"SeriesDescription": "before"}))
    study, series = own["StudyInstanceUID"], own["SeriesInstanceUID"]
    levels = (f"/studies/{study}/series/{series}", f"/studies/{study}/series/{series}/instances/{own['SOPInstanceUID']}")
    before = [site.get(f"{level}/metadata").json()[0]["0008103E"]["Value"] for level in levels]
    site.store(made(np.ones((8, 8), np.uint8), own | {"SeriesDescription": "after"}), method="PUT")
    after = [site.get(f"{level}/metadata").json()[0]["0008103E"]["Value"] for level in levels]
    assert (before, after) == ([["before"]] * 2, [["after"]] * 2)


def test_xml_holds_the_same_attributes(site: Site) -> None:
    study, series = SERIES_OF_THREE
    found = parts(site.get(f"{site.path('ct')}/metadata", XML))
    assert _attributes(found[0].content) == set(site.get(f"{site.path('ct')}/metadata").json()[0])
    many = parts(site.get(f"/studies/{study}/series/{series}/metadata", XML))
    assert [part.content_type for part in many] == ["application/dicom+xml"] * 3


def test_what_is_not_there_or_not_ours_is_404(site: Site) -> None:
    study, series = SERIES_OF_THREE
    levels = (f"/studies/{study}", f"/studies/{study}/series/{series}", site.path("slice 1"))
    with site.client("hospital", "demo2") as stranger:
        foreign = [stranger.get(f"{site.root}{level}/metadata") for level in levels]
    missing = [site.get(f"{level}9/metadata") for level in levels]
    assert [each.status_code for each in foreign + missing] == [404] * 6
    assert len({each.content for each in foreign + missing}) == 1
    assert site.get("/studies/no-uid/metadata").status_code == 400


def test_head_says_what_get_would_give(site: Site) -> None:
    with site.client() as client:
        head = client.head(f"{site.root}{site.path('ct')}/metadata")
    answer = site.get(f"{site.path('ct')}/metadata")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


def _uid(document: dict[str, Any]) -> str:
    return str(document["00080018"]["Value"][0])


def _attributes(document: bytes) -> set[str]:
    return {str(each.get("tag")) for each in ElementTree.fromstring(document)}


def test_metadata_is_json_even_of_wrongly_encoded_names(site: Site) -> None:
    answer: httpx.Response = site.get(f"{site.path('report')}/metadata")
    assert json.loads(answer.content.decode("utf-8"))
