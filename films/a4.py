"""A report on A4 paper, as a good hospital prints it: PDF/A-2a for the archive, tagged for screen readers (PDF/UA-1).

Typst sets the page; its template stands in `data/report.typ`. The same paper gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from core.errors import Invalid
from films import qr
from films.fonts import bold_path, covers, regular_path

_TEMPLATE = Path(__file__).parent / "data" / "report.typ"
STANDARDS: tuple[typst.PDFStandard, ...] = ("a-2a", "ua-1")
PICTURE_FORMATS: Mapping[str, str] = {"image/jpeg": "jpg", "image/png": "png"}
NO_LETTER = "〓"  # the geta mark, which stands for a letter that is not in the case
NO_LETTER_NOTE = "〓：字库中没有的字。"
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_ENDLESS = re.compile(r"[!-~]{40}(?=[!-~])")
_MAY_BREAK, _NO_BREAK = "\u200b", "\u00a0"
_BEFORE_UNIT = re.compile(r"(?<=[0-9]) (?=(?:mm|cm|ml|mL|HU|Hu|ms|kg|mg|g|岁|年|月|个|次|枚)(?![A-Za-z]))")
LETTERS_A_LINE = 44  # of 10.5 points in 170 mm
WHOLE_LINES = 18  # so many stay on one page
EDITION = 2  # of the template; a higher number makes every paper anew when it is next asked for


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the head; a wide one has a row of its own."""

    label: str
    value: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text under it, as the doctor wrote it, line by line."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that belongs to the report, at most a third of the page high. `alt` is what a screen reader says."""

    content: bytes
    media_type: str  # a key of PICTURE_FORMATS
    caption: str
    alt: str
    first: bool = False  # above the text, as where the picture is the finding


@dataclass(frozen=True, slots=True)
class Seal:
    """The round red seal: the letters around the star, and the words below it. It is drawn; the signature is apart."""

    around: str
    below: str
    says: str


@dataclass(frozen=True, slots=True)
class Paper:
    """All that stands on the paper."""

    hospital: str
    title: str
    number: str
    identity: Sequence[Entry]
    sections: Sequence[Section]
    signatures: Sequence[Entry]
    running: str  # what names a page that got lost
    notes: Sequence[str]
    mark: str = ""  # such as 临时报告
    correction: str = ""
    check_url: str = ""  # in the code at the head; empty = no code
    seal: Seal | None = None

    @property
    def sha256(self) -> str:
        """Of its words: the same for papers that, with the same picture, give the same bytes."""
        text = json.dumps([EDITION, asdict(self)], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def pdf(paper: Paper, dated: datetime, picture: Picture | None = None) -> bytes:
    """The paper as PDF, with `dated` as its date; raises Invalid when it cannot be set."""
    files: dict[str, bytes] = {"main": _template()}
    if paper.check_url:
        files["code.svg"] = qr.svg(paper.check_url)
    if picture:
        files["picture.json"] = _numbers(picture.content)
    said = {"sheet": _sheet(_words(paper) | {"picture": _picture(picture)})}
    try:
        compiler = typst.Compiler(input=files, font_paths=_fonts(), ignore_system_fonts=True)  # type: ignore[type-var]  # its stub forgets this form
        made = compiler.compile(
            format="pdf", sys_inputs=said, pdf_standards=list(STANDARDS), timestamp=dated.replace(microsecond=0)
        )
    except typst.TypstError as error:
        raise Invalid(f"the report cannot be set: {error.message[:200]}") from error
    assert isinstance(made, bytes)
    return made


def _words(paper: Paper) -> dict[str, Any]:
    """The paper as the template reads it."""
    return {
        "document_title": f"{paper.title} {paper.number}".strip(),
        "hospital": paper.hospital,
        "title": paper.title,
        "running": paper.running,
        "notes": list(paper.notes),
        "mark": paper.mark or None,
        "correction": paper.correction or None,
        "identity": [[each.label, each.value, each.wide] for each in paper.identity],
        "sections": [_section(each, last=each is paper.sections[-1]) for each in paper.sections],
        "signatures": [[each.label, each.value] for each in paper.signatures],
        "code": bool(paper.check_url),
        "seal": asdict(paper.seal) if paper.seal else None,
    }


def _section(section: Section, *, last: bool) -> dict[str, Any]:
    """The conclusion, which stands last, is not torn over two pages unless it is long."""
    lines = lines_of(section.text)
    set_lines = sum(1 + len(line) // LETTERS_A_LINE for line in lines)
    return {"heading": section.heading, "lines": lines, "whole": last and set_lines <= WHOLE_LINES}


def _picture(picture: Picture | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    its_format = PICTURE_FORMATS[picture.media_type]
    return {"format": its_format, "caption": picture.caption, "alt": picture.alt, "first": picture.first}


def _numbers(content: bytes) -> bytes:
    """Bytes as a JSON array: files that Typst is given by name must be text."""
    return json.dumps(list(content), separators=(",", ":")).encode()


def _sheet(words: dict[str, Any]) -> str:
    """What the template reads, as JSON; where a letter is missing, the foot of the page says so."""
    shown = _settable(words)
    if NO_LETTER in json.dumps(shown, ensure_ascii=False):
        shown["notes"].append(NO_LETTER_NOTE)
    return json.dumps(shown, ensure_ascii=False)


def _settable(value: Any) -> Any:
    """The same with every text as the font can show it."""
    if isinstance(value, dict):
        return {name: _settable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_settable(each) for each in value]
    return settable(value) if isinstance(value, str) else value


def settable(text: str) -> str:
    """Controls are left out, letters that the font lacks become 〓 as printers do; a number and its unit stay together."""
    letters = (letter if covers(letter) else NO_LETTER for letter in text if unicodedata.category(letter) not in _CONTROLS)
    broken = _ENDLESS.sub(lambda word: word[0] + _MAY_BREAK, "".join(letters))
    return _BEFORE_UNIT.sub(_NO_BREAK, broken)


def lines_of(text: str) -> list[str]:
    """The lines that say something, without what only moved them on a screen."""
    return [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


@lru_cache(maxsize=1)
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    folders = sorted({str(regular_path().parent), str(bold_path().parent)})
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
