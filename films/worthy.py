"""Which images count for a film: no scouts, dose sheets, captures, service scans, raw radiographs, nothing only derived."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from films.facts import ImageFacts

CROSS_SECTIONS = frozenset(("CT", "MR", "PT", "NM"))
NO_PICTURES = frozenset(("SM", "SEG", "RTDOSE", "RTIMAGE", "RWV", "REG"))  # slides, masks, numbers
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its kinds for several frames
_CAPTURED = frozenset(("SCREEN SAVE", "SCREENSAVE", "DOSE", "DOSE_INFO", "REPORT", "PROTOCOL", "GRAPH"))  # of Image Type

# Of a series' description or of Image Type. Latin words stand alone, Chinese ones anywhere.
SCOUT_WORDS = (
    *("定位", "localizer", "localiser", "locator", "loc", "scout", "scanogram", "topogram", "surview", "survey"),
    *("3-plane", "3 plane", "3plane", "plan scan", "smart brain"),
)
SHEET_WORDS = (  # a low dose is a way to scan, not a table
    *("剂量报告", "剂量表", "剂量信息", "报告"),
    *(
        "dose report",
        "dose info",
        "dose record",
        "dose summary",
        "patient protocol",
        "exam protocol",
        "screen save",
        "screensave",
    ),
)
SERVICE_WORDS = (
    *("监测", "跟踪", "校准", "匀场", "预扫"),
    *("smartprep", "smart prep", "bolus", "test bolus", "premonitoring", "monitoring", "tracker", "care bolus"),
    *("calibration", "asset cal", "shim", "prescan", "coil survey", "ref scan", "field map"),
)


def is_usable(image: ImageFacts) -> bool:
    """A picture that can be drawn, and is one."""
    return bool(image.drawable and image.frames and image.rows and image.columns) and image.modality not in NO_PICTURES


def worthy(images: Sequence[ImageFacts]) -> list[ImageFacts]:
    """Without scouts, dose sheets, captures, service scans, raw radiographs, and derived images where there are originals."""
    kept = [image for image in images if not (_is_scout(image) or _is_sheet(image) or _is_service(image))]
    kept = kept or [image for image in images if not _is_sheet(image)]  # a scout alone is better than nothing
    shown = {image.modality for image in kept if image.intent != "FOR PROCESSING"}
    kept = [image for image in kept if image.intent != "FOR PROCESSING" or image.modality not in shown]
    return _originals(kept)


def _is_scout(image: ImageFacts) -> bool:
    return "LOCALIZER" in image.image_type or (image.modality in CROSS_SECTIONS and says(image.series_words, SCOUT_WORDS))


def _is_sheet(image: ImageFacts) -> bool:
    """A table or a screen made into an image."""
    captured = f"{image.sop_class}.".startswith(_SECONDARY_CAPTURE) and image.modality in CROSS_SECTIONS - {"NM"}
    typed = not _CAPTURED.isdisjoint(image.image_type)
    return captured or typed or says(image.series_words, SHEET_WORDS)


def _is_service(image: ImageFacts) -> bool:
    return image.modality in CROSS_SECTIONS and says(image.series_words, SERVICE_WORDS)


def _originals(images: Sequence[ImageFacts]) -> list[ImageFacts]:
    """Of cross sections the originals; what was computed from them only where there is nothing else, or a diffusion map."""
    with_originals = {image.modality for image in images if not _is_derived(image)}
    return [image for image in images if not _is_derived(image) or image.modality not in with_originals or _is_map(image)]


def _is_derived(image: ImageFacts) -> bool:
    return image.modality in CROSS_SECTIONS and image.image_type[:1] == ("DERIVED",)


def _is_map(image: ImageFacts) -> bool:
    return image.modality == "MR" and ("ADC" in image.image_type or says(image.series_words, ("adc", "表观")))


def says(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of these words stands in a text of a device."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    return any(word in folded if not word.isascii() else _stands(word, folded) for word in words)


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None
