from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import licences

WRITTEN = Path(licences.__file__).with_suffix(".md")
# GPL and AGPL bind whoever passes on a work built on them; the exception of the GCC runtime does not apply to packages.
COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)


@pytest.fixture(scope="module")
def packages() -> list[licences.Package]:
    return licences.packages()


def test_every_package_of_the_lock_has_a_known_licence(packages: list[licences.Package]) -> None:
    assert len(packages) > 30
    assert not [each.name for each in packages if not each.licence or "UNKNOWN" in each.licence]


def test_nothing_that_runs_is_under_the_gpl(packages: list[licences.Package]) -> None:
    assert not [each for each in packages if COPYLEFT.search(each.licence)]


def test_list_is_that_of_the_lock(packages: list[licences.Package]) -> None:
    rows = re.findall(r"^\| (\S+) \| (.+) \| (.+) \|$", WRITTEN.read_text(), re.MULTILINE)
    written = {name: versions for name, versions, _ in rows if name not in ("package", "---")}
    assert written == {each.name: " / ".join(each.versions) for each in packages}, "run docs/licences.py > docs/licences.md"


def test_what_stands_in_the_phones_pages_is_listed_and_may_be_passed_on() -> None:
    shipped = licences.packages_in_pages()
    assert all(each.licence in ("MIT", "0BSD") for each in shipped)
    assert licences.pages() in WRITTEN.read_text(), "run docs/licences.py > docs/licences.md"
