"""What of an exam is shared: its report, its film, its images; all of it unless its owner chose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from core.errors import InvalidField


class Part(StrEnum):
    """A part of an exam that its owner may leave out."""

    REPORT = "report"
    FILM = "film"
    IMAGES = "images"


EVERYTHING = frozenset(Part)


# What its reader is told that was left out.
WORDS = {Part.REPORT: "报告", Part.FILM: "胶片", Part.IMAGES: "影像"}


FILM_STAYS = "胶片上有没有分享的图像，没有随分享提供。"


def chosen(name: str, wanted: Collection[str]) -> frozenset[Part]:
    """These parts; raises InvalidField for none, and for one that nobody knows."""
    try:
        parts = frozenset(Part(each) for each in wanted)
    except ValueError as error:
        raise InvalidField(name, "unknown") from error
    if not parts:
        raise InvalidField(name, "not-a-list")
    return parts


def left_out_words(parts: Collection[Part], *, all_series: bool) -> str:
    """What of an exam its owner did not share, in a sentence; empty for nothing."""
    missing = [WORDS[part] for part in Part if part not in parts]
    said = [f"分享者没有分享{'、'.join(missing)}。"] if missing else []
    if not all_series and Part.IMAGES in parts:
        said.append("影像只包含分享者选择的序列。")
    return "".join(said)


def kept(parts: Iterable[Part]) -> list[str] | None:
    """As a row keeps them, in their usual order; None for everything."""
    having = frozenset(parts)
    return None if having == EVERYTHING else [part.value for part in Part if part in having]
