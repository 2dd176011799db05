"""The peer: Orthanc with its DICOMweb plugin as Debian packages them, in a folder of its own, without login."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped]

from tests.parts.installation import free_port

PLUGINS = Path("/usr/share/orthanc/plugins")
PLUGIN = PLUGINS / "libOrthancDicomWeb.so"
FOLDERS = PLUGINS / "libServeFolders.so"
INSTALL = "the peer is missing: `apt-get install orthanc orthanc-dicomweb` (stop the service that the package starts)"
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class Orthanc:
    """One Orthanc; its index and files stay in `home` from start to start. `pages` are files that it serves at /viewer/.

    `gzips`: every answer is compressed, frames too. That is how 1.10.1 comes. Since 1.12.2 it is off by default, and where it
    is on, only JSON and text are compressed: without it, 1.10.1 sends frames as the newest versions do.
    """

    def __init__(self, home: Path, pages: Path | None = None, *, gzips: bool = True) -> None:
        self.home = home
        self._pages = pages
        self._gzips = gzips
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.dicomweb = f"{self.url}/dicom-web"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def is_installed() -> bool:
        """True when program and plugin are here."""
        return shutil.which("Orthanc") is not None and PLUGIN.exists()

    @staticmethod
    def version() -> str:
        """As the program tells."""
        words = subprocess.run(["Orthanc", "--version"], capture_output=True, text=True, check=True).stdout.split()
        return " ".join(words[:2])

    def start(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        self.home.mkdir(parents=True, exist_ok=True)
        configuration = self.home / "orthanc.json"
        configuration.write_text(json.dumps(self._configuration()))
        begun = time.monotonic()
        with (self.home / "orthanc.log").open("ab") as log:
            self._process = subprocess.Popen(["Orthanc", str(configuration)], cwd=self.home, stdout=log, stderr=log)
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                raise RuntimeError(f"Orthanc did not start, see {self.home / 'orthanc.log'}")
            time.sleep(0.005)
        return time.monotonic() - begun

    def stop(self) -> None:
        """End it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def processes(self) -> list[psutil.Process]:
        """The one process."""
        with suppress(psutil.NoSuchProcess):
            if self._process is not None:
                return [psutil.Process(self._process.pid)]
        return []

    def _configuration(self) -> dict[str, object]:
        data = str(self.home / "data")
        return {
            "Name": "bench",
            "StorageDirectory": data,
            "IndexDirectory": data,
            "Plugins": [str(PLUGIN), *([str(FOLDERS)] if self._pages else [])],
            "ServeFolders": {"Folders": {"/viewer": str(self._pages)}, "Extensions": {"wasm": "application/wasm"}},
            "HttpPort": self.port,
            "DicomServerEnabled": False,
            "AuthenticationEnabled": False,
            "RemoteAccessAllowed": False,
            "HttpCompressionEnabled": self._gzips,
            "KeepAlive": True,
            "TcpNoDelay": True,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def _answers(self) -> bool:
        with suppress(URLError, OSError), urlopen(f"{self.dicomweb}/studies?limit=1", timeout=5) as answer:
            return bool(answer.status in (200, 204))
        return False
