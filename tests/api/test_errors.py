"""Failures over HTTP: every one of ours has its status and words, and two 404 are the same byte by byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.errors import STATUS, prefers_english
from core import errors
from tests.parts.site import Site


def _tree(kind: type[errors.CloudfilmError]) -> Iterator[type[errors.CloudfilmError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


def test_every_failure_of_ours_has_a_status_or_is_one_kind_of_another() -> None:
    """Those of core one each; what a room adds for itself has that of its parent."""
    of_core = {kind for kind in _tree(errors.CloudfilmError) if kind.__module__ == errors.__name__}
    inherited = {errors.InvalidField}
    assert set(STATUS) == of_core - inherited
    for kind in inherited:
        assert any(parent in STATUS for parent in kind.__mro__[1:3])


def test_statuses_are_those_that_the_outside_relies_on() -> None:
    expected = {
        errors.Malformed: 400,
        errors.Unauthenticated: 401,
        errors.Forbidden: 403,
        errors.NotFound: 404,
        errors.Conflict: 409,
        errors.RetentionNotOver: 409,
        errors.Gone: 410,
        errors.Invalid: 422,
        errors.TooManyRequests: 429,
        errors.Unavailable: 503,
    }
    assert {kind: STATUS[kind][0] for kind in expected} == expected


@pytest.mark.parametrize(
    ("accept_language", "english"),
    [
        ("", False),
        ("*", False),
        ("zh-CN,zh;q=0.9,en;q=0.8", False),
        ("en", True),
        ("EN-us,en;q=0.9,zh;q=0.8", True),
        ("en;q=0.3, zh;q=0.5", False),
        ("zh;q=0.3, en;q=0.5", True),
        ("zh, en", False),
        ("en, zh", True),
        ("fr, en;q=0.5", True),
        ("fr, de", False),
        ("en;q=0", False),
        ("en;q=nonsense", False),
        (";;,,=q", False),
    ],
)
def test_english_is_for_who_prefers_it(accept_language: str, english: bool) -> None:
    assert prefers_english(accept_language) is english


def test_everything_that_is_not_there_or_not_yours_looks_the_same(site: Site) -> None:
    path = site.path("ct")
    study, series = path.split("/instances")[0].split("/series/")
    with site.client() as mine, site.client("hospital", "demo2") as other:
        answers = [
            other.get(f"/dicom-web{path}"),
            other.get(f"/dicom-web{path}/metadata"),
            other.get(f"/dicom-web{path}/frames/1"),
            other.get(f"/dicom-web{path}/rendered"),
            other.get(f"/dicom-web{study}/metadata"),
            mine.get("/dicom-web/studies/9.9.9"),
            mine.get(f"/dicom-web{study}/series/9.9/instances/9.9.9"),
            mine.get(f"/dicom-web{study}/series/9.9/metadata"),
            mine.get(f"/dicom-web{path}/frames/99"),
            mine.get("/no/such/page"),
            mine.get("/metrics"),
            mine.get(f"/dicom-web{study}/series/{series}/nothing"),
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1
    same = ("content-type", "cache-control", "vary", "content-length")
    assert len({tuple(answer.headers[name] for name in same) for answer in answers}) == 1


def test_a_problem_is_chinese_unless_english_is_preferred(site: Site) -> None:
    chinese = site.get("/studies/9.9.9/metadata")
    english = site.get("/studies/9.9.9/metadata", accept_language="en-GB, zh;q=0.5")
    assert chinese.headers["content-type"] == "application/problem+json"
    assert (chinese.json()["title"], english.json()["title"]) == ("没有找到", "Not found")


def test_who_is_not_signed_in_is_told_how(site: Site) -> None:
    with site.client() as client:
        for token in ("", "Bearer", "Bearer x.y.z", "Basic abc", "Bearer " + "x" * 5000):
            answer = client.get("/dicom-web/studies", headers={"Authorization": token})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert set(answer.json()) == {"type", "title", "status", "request_id"}


def test_a_wrong_method_names_the_right_ones(site: Site) -> None:
    with site.client() as client:
        answer = client.patch("/dicom-web/studies")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_problems_never_repeat_what_was_asked(site: Site) -> None:
    for path in ("/studies?PatientName=secret-name&limit=x", "/studies?StudyDate=secret-name", "/studies/secret-name/metadata"):
        answer = site.get(path)
        assert answer.status_code == 400
        assert "secret-name" not in answer.text
