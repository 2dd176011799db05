"""Pages of film for tests: pictures of every kind that a hospital may print, and what reads them without a child."""

from __future__ import annotations

import importlib
import io
import time
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian

from films.tables import Shades
from tests.archive.samples import instance


def shades(seed: int = 1, width: int = 800, height: int = 1000) -> Shades:
    """A grey page that no other seed gives: blocks of chance, which a JPEG bears well."""
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 50, width // 50), dtype=np.uint8)
    return np.asarray(np.kron(blocks, np.ones((50, 50), np.uint8)))


def png(seed: int = 1, **size: int) -> bytes:
    return encoded(shades(seed, **size), "PNG")


def jpeg(seed: int = 1, **size: int) -> bytes:
    return encoded(shades(seed, **size), "JPEG")


def pdf(seed: int = 1, pages: int = 1) -> bytes:
    """A real PDF whose pages are pictures; the same bytes whenever it is made."""
    first, *more = (Image.fromarray(shades(seed + number, 400, 500)) for number in range(pages))
    target = io.BytesIO()
    dates = dict.fromkeys(("creationDate", "modDate"), time.gmtime(0))
    first.save(target, "PDF", save_all=True, append_images=more, resolution=150, **dates)
    return target.getvalue()


def dicom(seed: int = 1, **attributes: object) -> bytes:
    """A secondary capture."""
    return instance(shades(seed, 400, 500), transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **attributes)


def encoded(picture: Shades, kind: str) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture).save(target, kind)
    return target.getvalue()


def decoded(content: bytes) -> Shades:
    return np.asarray(Image.open(io.BytesIO(content)))


class Here:
    """Runs in this process what else runs in a limited child, and counts it."""

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, function: str, /, **arguments: Any) -> Any:
        self.calls += 1
        module, _, name = function.partition(":")
        return asdict(getattr(importlib.import_module(module), name)(**arguments))
