"""The demo hospitals, their images and their patient: real samples of the pydicom package (MIT), and phantoms drawn here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from api.commands.hospital import set_up
from api.demo_marker import mark_loaded
from api.demo_people import introduce
from api.demo_phantoms import PhantomExam, ct_files, dx_file
from api.importing import Import, Totals
from api.journal import Journal
from api.operator import operator_entry
from api.services import open_services
from core.clock import now
from core.errors import Misconfigured
from infra.settings import Settings

HOSPITALS = {"demo": "示范医院", "demo2": "示范第二医院"}
CT_EXAM = PhantomExam("DEMO-0001", "CT20260105001")
DX_EXAM = PhantomExam("DEMO-0001", "DX20260105002")
SAMPLES = {
    "demo": (
        "693_J2KI.dcm",  # CT 512 x 512, JPEG 2000
        "examples_overlay.dcm",  # MR 300 x 484
        "examples_palette.dcm",  # ultrasound, palette colour
        "examples_ybr_color.dcm",  # ultrasound, cine of 30 frames
        "waveform_ecg.dcm",  # ECG of 12 leads
        "liver_1frame.dcm",  # segmentation
        "test-SR.dcm",  # structured report
    ),
    "demo2": (
        "CT_small.dcm",
        "MR_small.dcm",
        "JPEG2000.dcm",  # nuclear medicine
        "examples_jpeg2k.dcm",  # ultrasound 480 x 640, JPEG 2000
        "examples_rgb_color.dcm",  # ultrasound, RGB
        "rtdose_rle.dcm",  # dose, RLE
    ),
}


async def load(settings: Settings) -> dict[str, Totals]:
    """Set all of it up; hospital → what became of its images. Raises Misconfigured outside a demo."""
    if not settings.demo:
        raise Misconfigured("demo images are for a demo folder only: set CLOUDFILM_DEMO=1 and an empty CLOUDFILM_HOME")
    async with open_services(settings, None) as services:
        with TemporaryDirectory(dir=settings.home) as folder, Journal(settings.home) as journal:
            totals = {}
            for code, name in HOSPITALS.items():
                await set_up(code, name)
                files = await asyncio.to_thread(_files, code, Path(folder))
                entry = operator_entry(code, action="store", what="demo")
                totals[code] = await Import(services.ingest, journal, code, entry).run(files)
        await introduce(services.people, services.trail, now())
    if not any(each.refused for each in totals.values()):
        mark_loaded(settings.home)
    return totals


def samples(hospital: str) -> list[Path]:
    """Files of the pydicom package that this hospital shows."""
    package = find_spec("pydicom")
    assert package is not None and package.origin is not None
    folder = Path(package.origin).parent / "data" / "test_files"
    return [folder / name for name in SAMPLES[hospital]]


def _files(hospital: str, folder: Path) -> list[Path]:
    return [*samples(hospital), *_phantoms(hospital, folder)]


def _phantoms(hospital: str, folder: Path) -> Iterator[Path]:
    if hospital != "demo":
        return
    for number, content in enumerate(ct_files(CT_EXAM), 1):
        yield _written(folder / f"ct{number:04}.dcm", content)
    yield _written(folder / "dx.dcm", dx_file(DX_EXAM))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
