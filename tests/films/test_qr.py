"""QR codes are read again by a decoder that is not of the package that makes them."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import TooLarge
from films import qr

URL = "https://film.hospital.org.cn/s/"
SIGNED = f"{URL}{'1697428638258455768930502926864667524011'[:39]}#{'7' * 164}"
PRINTED_MM = 22
LEAST_MODULE_MM = 0.33  # four dots of a 300 dpi printer


def read(picture: NDArray[np.uint8]) -> str:
    # OpenCV's other detector does not find one of fourteen of these codes.
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    return str(text)


def decoded(png: bytes) -> str:
    return read(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [URL + "Te-m_PlECyckxi1Y-X9dwA", SIGNED, "取片码 12345678", "0"])
@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_what_is_written_is_read_again(text: str, level: str) -> None:
    assert decoded(qr.png(text, level=level)) == text


def test_the_same_text_is_the_same_picture() -> None:
    assert qr.png(SIGNED) == qr.png(SIGNED)
    assert qr.svg(SIGNED) == qr.svg(SIGNED)


def test_the_drawing_shows_the_same_modules_as_the_picture() -> None:
    drawing = qr.svg(SIGNED).decode()
    side = int(re.findall(r'viewBox="0 0 (\d+) ', drawing)[0])
    drawn = np.full((side, side), 255, np.uint8)
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawing):
        drawn[int(row), int(column) : int(column) + int(length)] = 0
    assert read(np.kron(drawn, np.ones((8, 8), np.uint8))) == SIGNED
    assert np.array_equal(drawn[4:-4, 4:-4] == 0, qr.modules(SIGNED))


def test_a_signed_link_can_be_printed_small() -> None:
    side = len(qr.modules(SIGNED)) + 2 * qr.QUIET_MODULES
    assert PRINTED_MM / side >= LEAST_MODULE_MM


def test_a_small_print_of_a_poor_printer_is_still_read() -> None:
    """22 mm at 200 dpi, blurred, greyed and turned by two degrees."""
    printed = cv2.imdecode(np.frombuffer(qr.png(SIGNED), np.uint8), cv2.IMREAD_GRAYSCALE)
    dots = round(PRINTED_MM / 25.4 * 200)
    small = cv2.GaussianBlur(cv2.resize(printed, (dots, dots), interpolation=cv2.INTER_AREA), (3, 3), 0.6)  # type: ignore[arg-type]
    seen = cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    turned = cv2.warpAffine(
        seen,
        cv2.getRotationMatrix2D((seen.shape[1] / 2, seen.shape[0] / 2), 2, 0.9),
        seen.shape[::-1],
        borderValue=255,
    )
    assert read((40 + turned * 0.7).astype(np.uint8)) == SIGNED


@pytest.mark.parametrize("text", ["x" * 1001, "字" * 1000])
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(TooLarge):
        qr.png(text)
