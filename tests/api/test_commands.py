"""The command line as an operator types it: exit status, what is printed, what is done."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from api.commands import COMMANDS
from tests.parts import commands


def api(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    settings = {"CLOUDFILM_HOME": str(home), "CLOUDFILM_DEMO": "1", "CLOUDFILM_INGEST_CHILDREN": "1", **more}
    return commands.run(words, plain | settings)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder made by commands alone: a hospital with two images."""
    home = tmp_path_factory.mktemp("home")
    disc = tmp_path_factory.mktemp("disc")
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(str(get_testdata_file(name)), disc)
    assert api(home, "migrate").returncode == 0
    assert "demo\t示范医院" in api(home, "hospital", "demo", "--name", "示范医院").stdout
    done = api(home, "import", str(disc))
    assert (done.returncode, done.stdout.startswith("2 stored")) == (0, True), done.stderr
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    """A copy of it, to break."""
    return Path(shutil.copytree(filled, tmp_path / "home"))


def copies(home: Path, store: int) -> list[Path]:
    return sorted((home / "stores" / str(store)).rglob("*.dcm"))


def scrubbed(home: Path) -> tuple[int, dict[str, int]]:
    done = api(home, "scrub", "--json", "--pace", "0")
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_import_says_1_when_a_dicom_file_was_refused(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()[:-10])
    done = api(home, "import", "--hospital", "demo", str(broken))
    assert done.returncode == 1
    assert f"refused: {broken}" in done.stdout


def test_scrub_makes_the_third_copies_and_repairs_a_damaged_one(home: Path) -> None:
    assert scrubbed(home) == (0, {"checked": 6, "bad": 0, "repaired": 0, "lost": 0, "orphans": 0})
    assert len(copies(home, 3)) == 2
    damaged = copies(home, 1)[0]
    damaged.write_bytes(b"X" + damaged.read_bytes()[1:])
    code, found = scrubbed(home)
    assert (code, found["bad"], found["repaired"], found["lost"]) == (0, 1, 1, 0)
    assert damaged.read_bytes() == copies(home, 2)[0].read_bytes()


def test_scrub_says_1_when_an_object_is_lost(home: Path) -> None:
    for store in (1, 2, 3):
        for path in copies(home, store)[:1]:
            path.unlink()
    code, found = scrubbed(home)
    assert (code, found["lost"]) == (1, 1)


def test_export_gives_the_very_files_back_and_verify_sees_a_change(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    done = api(home, "export", str(folder), "--hospital", "demo")
    assert (done.returncode, done.stdout) == (0, "2 files written, 0 were there already, 0 could not be given\n")
    sent = {Path(str(get_testdata_file(name))).read_bytes() for name in ("CT_small.dcm", "MR_small.dcm")}
    assert {path.read_bytes() for path in folder.rglob("*.dcm")} == sent
    assert api(home, "export", "--verify", str(folder)).returncode == 0
    next(folder.rglob("*.dcm")).write_bytes(b"changed")
    done = api(home, "export", "--verify", str(folder))
    assert (done.returncode, done.stdout.startswith("wrong: ")) == (1, True)


def test_audit_verify_names_the_first_broken_entry(home: Path) -> None:
    done = api(home, "audit", "verify")
    assert done.returncode == 0, done.stdout
    with sqlite3.connect(home / "cloudfilm.sqlite3") as database:
        database.execute("UPDATE audit_entry SET role='nobody' WHERE chain='demo' AND number=2")
    database.close()
    done = api(home, "audit", "verify")
    assert done.returncode == 1
    assert done.stdout == "broken: chain demo, entry 2: it was changed\n"


def test_token_prints_a_token_and_nothing_else_and_is_on_record(home: Path) -> None:
    done = api(home, "token", "--role", "hospital", "--hospital", "demo", "--ttl", "30d")
    assert done.returncode == 0
    assert (done.stdout.count("\n"), done.stdout.count("."), done.stderr) == (1, 2, "")
    with sqlite3.connect(home / "cloudfilm.sqlite3") as database:
        (rows,) = database.execute("SELECT count(*) FROM audit_entry WHERE action='token' AND what='hospital'").fetchone()
    database.close()
    assert rows == 1
    assert done.stdout.strip() not in "".join(path.read_text(errors="replace") for path in home.rglob("*.log"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("token", "--role", "hospital"), "--hospital CODE is needed"),
        (("token", "--role", "hospital", "--hospital", "nowhere"), "no hospital has the code nowhere"),
        (("token", "--role", "king", "--hospital", "demo"), "invalid choice: 'king'"),
        (("token", "--role", "patient", "--person", "nobody"), "nobody has this id"),
        (("hospital", "demo", "--set", "free=true"), "no rule is called free; rules are digital_service_default"),
        (("export", "/tmp/x"), "--hospital CODE is needed"),
        (("import", "/no/such/folder"), "no such file or folder"),
        (("hospital", "Not A Code"), "small letters"),
        (("fly",), "invalid choice: 'fly'"),
    ],
)
def test_a_mistake_is_said_in_one_line_without_a_traceback(filled: Path, words: tuple[str, ...], said: str) -> None:
    done = api(filled, *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_selfcheck_looks_at_everything_and_says_where_each_copy_lies(home: Path) -> None:
    done = api(home, "selfcheck")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {line[7:27].strip() for line in done.stdout.splitlines()}
    assert {
        "database",
        "redis",
        "store 1",
        "store 2",
        "store 3",
        "three places",
        "children and codecs",
        "fonts",
        "seals",
    } <= names
    assert f"{home}/stores/2" in done.stdout


def test_selfcheck_says_1_when_a_store_cannot_be_written(home: Path) -> None:
    shutil.rmtree(home / "stores" / "2")
    (home / "stores" / "2").write_text("not a folder")
    done = api(home, "selfcheck")
    assert done.returncode == 1
    assert any(line.startswith("FAILED store 2") for line in done.stdout.splitlines())


@pytest.mark.parametrize(("command", "where"), [("serve", "no.such.module:seals"), ("worker", "json:__name__")])
def test_nothing_starts_with_seals_that_are_not_there(tmp_path: Path, command: str, where: str) -> None:
    done = api(tmp_path, command, CLOUDFILM_SIGNERS=where)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"CLOUDFILM_SIGNERS={where}" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = api(tmp_path, "--help")
    assert done.returncode == 0
    assert set(COMMANDS) <= {line.split()[0] for line in done.stdout.splitlines() if line.startswith("    ")}


def test_import_index_brings_a_former_vendors_table_and_names_refused_lines(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    rows = ("patient_id,name,accession,category,performed_at,url", "1,张三,O1,lab,2019-03-04,", "1,张三,O2,magic,2019-03-04,")
    table.write_text("\n".join(rows), encoding="gb18030")
    for counts in ("1 exams new, 0 were known", "0 exams new, 1 were known"):
        done = api(home, "import", "--index", str(table))
        assert done.returncode == 1
        assert "refused: line 3: category: not one of the allowed values" in done.stdout
        assert counts in done.stdout


def test_a_hospital_joins_a_group(home: Path) -> None:
    assert api(home, "hospital", "demo", "--group", "east").returncode == 1
    assert api(home, "hospital", "demo", "--group", "east", "--group-name", "东部医疗集团").returncode == 0
