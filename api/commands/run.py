"""Start everything as a demo: hospitals `demo` and `demo2` with images to look at, secrets made here, nothing asked. The
data folder is kept; Ctrl-C or SIGTERM stops all of it. Never for real patients."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import io
import os
import signal
from contextlib import suppress

import qrcode  # type: ignore[import-untyped]  # it has no stubs of its own

from api.demo_marker import is_loaded
from api.demo_people import story
from api.supervisor import Supervisor
from api.tickets import new_ticket
from infra import logs
from infra.leash import PR_SET_PDEATHSIG
from infra.settings import Settings, from_environ
from infra.signing import require_found

HINTS = """\
Try:
  the link above: the phone of the demo patient, with her reports, films and images of two hospitals
  the code above, from a phone of your network, after
      CLOUDFILM_HOST=0.0.0.0 CLOUDFILM_PUBLIC_URL=http://THIS-MACHINE:{port} make run
  her exams and reports:
      curl -H "Authorization: Bearer $({command} token --role patient --person {phone})" {base}/api/v1/exams
  logging in as her or, with 13800138001, as somebody new; the code comes to {base}/demo/messages
      curl -H 'Content-Type: application/json' -d '{{"phone": "{phone}"}}' {base}/api/v1/login/sms
  any DICOMweb client at {base}/dicom-web with a token from
      {command} token --role hospital --hospital demo
  {command} import PATH
  {command} --help
Data: {home}
Stop: Ctrl-C"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: PORT and HOME_DIR of make, or CLOUDFILM_* variables."""


def run(_arguments: argparse.Namespace) -> int:
    """Return 0 after an orderly stop."""
    _stop_with_make()
    settings = from_environ({**os.environ, "CLOUDFILM_DEMO": "1"})
    require_found(settings.signers)
    logs.configure("supervisor", settings.home / "log", settings.log_level, stderr_level="WARNING")
    first = [("migrate",)] if is_loaded(settings.home) else [("migrate",), ("demo",)]
    asyncio.run(Supervisor(settings).run(first=first, on_ready=lambda port: _say_ready(settings, port)))
    return 0


def _stop_with_make() -> None:
    """A make that is killed cannot tell us to stop, so the kernel does."""
    if "MAKELEVEL" in os.environ:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _say_ready(settings: Settings, port: int) -> None:
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{port}"
    command = f"CLOUDFILM_HOME={settings.home} .venv/bin/python -m api"
    print(f"ready: http://127.0.0.1:{port}")
    link = f"{base}{new_ticket(settings)}"
    print(f"open: {link}")
    _show_code(link)
    print(
        HINTS.format(base=base, port=port, command=command, home=settings.home, phone=story()["patient"]["phone"]), flush=True
    )


def _show_code(link: str) -> None:
    """The link as a code for a phone's camera, where the terminal has the characters for it."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.ERROR_CORRECT_L)
    code.add_data(link)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    with suppress(UnicodeEncodeError):
        print(drawn.getvalue().replace("\xa0", " ").rstrip("\n"))
