"""Conditional requests, byte ranges and headers: what a browser or a proxy relies on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.parts.site import SERIES_OF_THREE, Site

STUDY, SERIES = SERIES_OF_THREE
RESOURCES = {
    "frame": ("{ct}/frames/1", 'multipart/related; type="application/octet-stream"'),
    "picture": ("{ct}/rendered", "image/jpeg"),
    "thumbnail": ("{ct}/thumbnail", "image/jpeg"),
    "metadata": ("{ct}/metadata", "application/dicom+json"),
    "series metadata": (f"/studies/{STUDY}/series/{SERIES}/metadata", "application/dicom+json"),
    "instance": ("{ct}", "application/dicom"),
    "series": (f"/studies/{STUDY}/series/{SERIES}", 'multipart/related; type="application/dicom"'),
    "zip": (f"/studies/{STUDY}", "application/zip"),
    "bulk data": ("{ct}/bulkdata/7FE00010", "application/octet-stream"),
}


@pytest.fixture(params=RESOURCES)
def asked(request: pytest.FixtureRequest, site: Site) -> tuple[str, str]:
    path, accept = RESOURCES[request.param]
    return path.replace("{ct}", site.path("ct")), accept


def test_every_answer_has_its_tag_and_must_be_asked_again(site: Site, asked: tuple[str, str]) -> None:
    answer = site.get(*asked)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"Accept", "Authorization", "Cookie", "Origin"} <= {each.strip() for each in answer.headers["vary"].split(",")}
    assert answer.headers["etag"].strip("W/").startswith('"')
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_has_it_already_gets_304(site: Site, asked: tuple[str, str]) -> None:
    tag = site.get(*asked).headers["etag"]
    for condition in (tag, f'"other", {tag}', "*"):
        again = site.get(*asked, If_None_Match=condition)
        assert (again.status_code, again.content) == (304, b""), condition
        assert again.headers["etag"] == tag
    assert site.get(*asked, If_None_Match='"other"').status_code == 200


def test_not_modified_since(site: Site) -> None:
    path = f"{site.path('ct')}/rendered"
    modified = site.get(path).headers["last-modified"]
    assert site.get(path, If_Modified_Since=modified).status_code == 304
    assert site.get(path, If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT").status_code == 200
    assert site.get(path, If_Modified_Since="yesterday").status_code == 200
    assert site.get(path, If_Modified_Since=modified, If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize("resource", ["instance", "bulk data", "picture", "zip"])
@pytest.mark.parametrize(("asked_range", "part"), [("bytes=0-9", slice(0, 10)), ("bytes=100-", slice(100, None))])
def test_a_range_of_a_single_part(site: Site, resource: str, asked_range: str, part: slice) -> None:
    path, accept = RESOURCES[resource]
    path = path.replace("{ct}", site.path("ct"))
    whole = site.get(path, accept)
    answer = site.get(path, accept, Range=asked_range)
    assert (answer.status_code, answer.content) == (206, whole.content[part])
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-range"].endswith(f"/{len(whole.content)}")


def test_the_last_bytes(site: Site) -> None:
    path = site.path("ct")
    assert site.get(path, "application/dicom", Range="bytes=-7").content == site.files["ct"][-7:]
    assert site.get(path, "application/dicom", Range="bytes=-99999999").content == site.files["ct"]


@pytest.mark.parametrize("resource", ["instance", "zip"])
def test_a_range_outside_says_how_long_it_is(site: Site, resource: str) -> None:
    path, accept = RESOURCES[resource]
    path = path.replace("{ct}", site.path("ct"))
    length = len(site.get(path, accept).content)
    answer = site.get(path, accept, Range=f"bytes={length}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{length}"


def test_ranges_that_we_do_not_split_give_the_whole(site: Site) -> None:
    for asked_range in ("bytes=0-1,3-4", "lines=1-2", "bytes=9-3", "bytes=-"):
        assert site.get(site.path("ct"), "application/dicom", Range=asked_range).status_code == 200, asked_range
    assert site.get(site.path("ct"), "application/dicom", Range="bytes=0-1", If_Range='"other"').status_code == 200


def test_multipart_answers_have_no_ranges(site: Site) -> None:
    answer = site.get(f"{site.path('ct')}/frames/1", RESOURCES["frame"][1], Range="bytes=0-9")
    assert answer.status_code == 200
    assert "accept-ranges" not in answer.headers


def test_head_is_get_without_the_body(site: Site, asked: tuple[str, str]) -> None:
    path, accept = asked
    with site.client() as client:
        head = client.head(site.root + path, headers={"Accept": accept})
    answer = site.get(path, accept)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag"):
        assert head.headers.get(name) == answer.headers.get(name)


def test_two_versions_have_two_tags(site: Site) -> None:
    tags = [site.get(f"{site.path('ct')}/rendered", accept).headers["etag"] for accept in ("image/jpeg", "image/png")]
    assert tags[0] != tags[1]


def test_every_reading_is_on_record(site: Site) -> None:
    site.get(f"{site.path('palette')}/rendered")
    study = site.data_set("palette").StudyInstanceUID
    with closing(sqlite3.connect(site.installation.home / "cloudfilm.sqlite3")) as database:
        rows = database.execute("select what, outcome, role from audit_entry where study_uid = ?", (study,)).fetchall()
    assert ("rendered", "done", "hospital") in rows
