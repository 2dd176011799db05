"""The HL7 listener: a demo goes on without its port, a hospital's installation says so and stops."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from api.mllp import BEGIN, END, listening
from api.services import Services, open_services
from core.errors import Misconfigured
from infra.models import AuditEntry
from infra.settings import Settings
from records.models import Hospital
from tests.parts.installation import free_port


@pytest.fixture
async def services(database: Settings) -> AsyncIterator[Services]:
    """Open, with a hospital and a free port for HL7."""
    await Hospital.create(code="demo", name="示范医院")
    async with open_services(dataclasses.replace(database, hl7_port=free_port()), None) as services:
        yield services


@pytest.fixture
def busy(services: Services) -> Iterator[None]:
    """Somebody else listens on that port."""
    with socket.create_server(("127.0.0.1", services.settings.hl7_port)):
        yield


async def test_an_answered_message_is_on_record(services: Services) -> None:
    async with listening(services):
        reader, writer = await asyncio.open_connection("127.0.0.1", services.settings.hl7_port)
        writer.write(BEGIN + b"MSH|^~\\&|H|demo|||1||ADT^A08|7|P|2.4\rPID|1||P1||A" + END + b"\r")
        assert b"MSA|AA|7" in await reader.readuntil(END)
        writer.close()
        await writer.wait_closed()
    entry = await AuditEntry.get(action="hl7")
    assert (entry.chain, entry.outcome, entry.what) == ("demo", "done", "AA")


@pytest.mark.usefixtures("busy")
async def test_a_busy_port_is_a_warning_in_a_demo(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(services):
        assert "goes on without HL7" in caplog.text


@pytest.mark.usefixtures("busy")
async def test_a_busy_port_stops_a_hospitals_installation(services: Services) -> None:
    services.settings = dataclasses.replace(services.settings, demo=False)
    with pytest.raises(Misconfigured, match="CLOUDFILM_HL7_PORT"):
        async with listening(services):
            pass


async def test_port_0_is_off(services: Services) -> None:
    services.settings = dataclasses.replace(services.settings, hl7_port=0)
    async with listening(services):
        pass
