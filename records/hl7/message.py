"""One HL7 v2 message as text in segments, fields and components (HL7 v2.3 chapter 2), whatever its charset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from core.errors import Malformed

# MSH-18 as found in the field → Python's codec; GB 18030 holds all of GB 2312 and GBK.
_CHARSETS = {
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "ASCII": "utf-8",
    "GB2312": "gb18030",
    "GB 2312-80": "gb18030",
    "GBK": "gb18030",
    "GB18030": "gb18030",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "BIG5": "big5",
}
_FALLBACKS = ("utf-8", "gb18030")  # the stricter one first: Chinese in GBK is hardly ever UTF-8 by chance
_MOST_SEGMENTS = 5000
_SHORTEST_HEAD = "MSH|^~\\"
_PATH = re.compile(r"([A-Z][A-Z0-9]{2})-([0-9]{1,3})(?:\.([0-9]{1,2}))?")
_TIME = re.compile(
    r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})"
    r"(?:[T ]?([0-9]{2}):?([0-9]{2})?(?::?([0-9]{2}))?(?:\.[0-9]+)?)?\s*([+-][0-9]{2}:?[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One line: its name, and its fields as they came; fields[0] is the name."""

    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """Such as PID."""
        return self.fields[0]


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or the part of one that belongs to one order (the header segments and its own)."""

    segments: tuple[Segment, ...]
    separators: str  # component, repetition, escape, subcomponent
    charset: str

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.first("MSH-10")

    @property
    def kind(self) -> str:
        """MSH-9, such as ORU^R01."""
        parts = [self.first("MSH-9.1"), self.first("MSH-9.2")]
        return "^".join(part for part in parts if part).upper()

    def first(self, path: str) -> str:
        """What stands at `PID-5.1`, in the first segment and repetition where something does; else empty."""
        return next((value for value in self.all(path) if value), "")

    def all(self, path: str) -> Iterator[str]:
        """What stands there in every segment of that name and every repetition."""
        name, number, component = _split(path)
        for segment in self.segments:
            if segment.name == name:
                yield from self.values(segment, number, component)

    def values(self, segment: Segment, number: int, component: int = 0) -> Iterator[str]:
        """All repetitions of a field; its component if one is asked for, from 1."""
        number -= 1 if segment.name == "MSH" else 0  # MSH-1 is the separator itself
        if number >= len(segment.fields):
            return
        for repetition in segment.fields[number].split(self.separators[1]):
            parts = repetition.split(self.separators[0])
            if component == 0:
                yield self._unescaped(repetition)
            elif component <= len(parts):
                yield self._unescaped(parts[component - 1])

    def orders(self) -> list[Message]:
        """One message an order: OBR, with an ORC before it and what follows it; each with all that came before the first."""
        starts = self._starts_of_orders()
        if not starts:
            return [self]
        head, ends = self.segments[: starts[0]], [*starts[1:], len(self.segments)]
        return [self._part(head + self.segments[start:end]) for start, end in zip(starts, ends, strict=True)]

    def _starts_of_orders(self) -> list[int]:
        """Places of each ORC, and of each OBR that has none of its own before it."""
        starts, open_order = [], False
        for place, segment in enumerate(self.segments):
            if segment.name == "ORC" or (segment.name == "OBR" and not open_order):
                starts.append(place)
            open_order = segment.name == "ORC" or (open_order and segment.name != "OBR")
        return starts

    def _part(self, segments: tuple[Segment, ...]) -> Message:
        return Message(segments, self.separators, self.charset)

    def _unescaped(self, value: str) -> str:
        component, repetition, escape, inner = tuple(self.separators)
        if escape not in value:
            return value.strip()
        known = {"F": "|", "S": component, "R": repetition, "E": escape, "T": inner, ".br": "\n"}
        pattern = re.escape(escape) + r"([A-Za-z.][A-Za-z0-9+]*)" + re.escape(escape)
        return re.sub(pattern, lambda match: known.get(match[1], ""), value).strip()


def parse(data: bytes) -> Message:
    """The message; raises Malformed when it is none."""
    text, charset = _decoded(data)
    lines = [line for line in re.split(r"[\r\n]+", text.strip("\ufeff\0 \r\n")) if line.strip()]
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < len(_SHORTEST_HEAD):
        raise Malformed("it does not begin with an MSH segment")
    if len(lines) > _MOST_SEGMENTS:
        raise Malformed(f"more than {_MOST_SEGMENTS} segments")
    bar = lines[0][3]
    segments = tuple(Segment(tuple(line.split(bar))) for line in lines)
    message = Message(segments, _separators(segments[0]), charset)
    if not message.kind:
        raise Malformed("MSH-9 names no message type")
    return message


def when(written: str, zone: tzinfo) -> datetime | None:
    """A time as HL7 or as people write it (19770101, 1977-01-01, 2002-06-25 11:30), in UTC; None for what is none."""
    match = _TIME.fullmatch(written.strip())
    if match is None:
        return None
    numbers = [int(part or 0) for part in match.groups()[:6]]
    try:
        return datetime(*numbers, tzinfo=_offset(match[7]) or zone).astimezone(UTC)  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    digits = written.replace(":", "")
    ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-ahead if written[0] == "-" else ahead) if ahead < timedelta(days=1) else None


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and its charset: the one that MSH-18 names, else the first that fits."""
    head = data[:2000].split(b"\r")[0].decode("latin-1").strip()
    fields = head.split(head[3]) if len(head) > 3 else []
    declared = _CHARSETS.get(fields[17].split("~")[0].strip().upper()) if len(fields) > 17 else None
    candidates = ([declared] if declared else []) + list(_FALLBACKS)
    for charset in candidates:
        try:
            return data.decode(charset), charset
        except UnicodeDecodeError:
            continue
    raise Malformed("its characters are of no known charset")


def _separators(head: Segment) -> str:
    """MSH-2. Some systems write its backslash twice; a missing one is what the standard suggests."""
    written = head.fields[1].replace("\\\\", "\\") if len(head.fields) > 1 else ""
    return written[:4] if len(written) >= 4 else "^~\\&"


def _split(path: str) -> tuple[str, int, int]:
    match = _PATH.fullmatch(path)
    assert match is not None, "dialects are checked when they are read"
    return match[1], int(match[2]), int(match[3] or 0)


def is_path(text: str) -> bool:
    """True for something like PID-5.1."""
    return _PATH.fullmatch(text) is not None


def acknowledgement(message: Message | None, code: str, text: str, now: datetime, zone: tzinfo) -> bytes:
    """The answer AA, AE or AR (HL7 v2.3 section 2.13.1), in the charset of the question."""
    asked = message.first if message else lambda _path: ""
    stamp = now.astimezone(zone).strftime("%Y%m%d%H%M%S")
    kind = f"ACK^{asked('MSH-9.2')}".rstrip("^")
    to = f"{_plain(asked('MSH-3'))}|{_plain(asked('MSH-4'))}"
    control_id, version = _plain(asked("MSH-10")), _plain(asked("MSH-12")) or "2.3"
    charset = _plain(asked("MSH-18"))
    lines: Sequence[str] = (
        f"MSH|^~\\&|CLOUDFILM||{to}|{stamp}||{kind}|{stamp}{control_id}|P|{version}||||||{charset}",
        f"MSA|{code}|{control_id}|{_plain(text)}",
    )
    return "".join(f"{line}\r" for line in lines).encode(message.charset if message else "utf-8", "replace")


def _plain(text: str) -> str:
    return re.sub(r"[|^~\\&\x00-\x1f]", " ", text)[:200]
