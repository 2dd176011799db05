"""HL7 over MLLP (HL7 v2.3 Implementation Guide appendix C): hospital systems connect, send, and hear AA, AE or AR."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

from api.services import Services
from core.clock import now
from core.errors import Misconfigured, RetryLater
from infra import metrics
from infra.audit import Entry
from infra.settings import MEBIBYTE, Settings
from records.hl7.dialect import dialects
from records.hl7.message import acknowledgement
from records.hl7.taking import SUBJECT, Answer, Code, Taking

BEGIN, END = b"\x0b", b"\x1c"
MOST_BYTES = 32 * MEBIBYTE  # a report with its PDF in base64
MOST_CONNECTIONS = 100  # of all hospitals together: each sends over one or two
IDLE_SECONDS = 3600.0
MESSAGE_SECONDS = 60.0  # from its first byte to its last

_log = logging.getLogger(__name__)


class Listener:
    """Answers every connection message by message, in their order."""

    def __init__(self, services: Services, taking: Taking) -> None:
        self._services = services
        self._taking = taking
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it is closed, silent for an hour, or no longer understood."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) <= MOST_CONNECTIONS:
                await self._talk(reader, writer)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _log.info("an HL7 connection ended")
        finally:
            self._open.discard(task)
            writer.close()

    async def close(self) -> None:
        """End all connections; what was answered is kept."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("unknown",))[0])
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                await reader.readuntil(BEGIN)  # what stands before a message is the end of the last one
            async with asyncio.timeout(MESSAGE_SECONDS):
                data = (await reader.readuntil(END))[: -len(END)]
            reply = await asyncio.shield(self._answer(data, peer))
            if reply is None:
                return  # no answer, so the sender comes again
            writer.write(BEGIN + reply + END + b"\r")
            async with asyncio.timeout(MESSAGE_SECONDS):
                await writer.drain()

    async def _answer(self, data: bytes, peer: str) -> bytes | None:
        try:
            answer = await self._taking.take(data, now())
        except RetryLater as error:
            _log.warning("an HL7 message could not be taken now: %s", error)
            return None
        except Exception:  # a mistake of ours in one message must not end the listener
            _log.exception("an HL7 message hit a bug")
            return acknowledgement(None, Code.REJECTED, "internal error", now(), UTC)
        metrics.count("hl7_messages", code=answer.code)
        if answer.moved:
            self._services.sessions_epoch.advance()
        await self._put_on_record(answer, peer)
        return answer.reply

    async def _put_on_record(self, answer: Answer, peer: str) -> None:
        outcome = "done" if answer.code is Code.ACCEPTED else "refused"
        entry = Entry(
            chain=answer.hospital or "-",
            at=now(),
            action="hl7",
            outcome=outcome,
            role="hospital",
            subject=SUBJECT,
            address=peer,
            what=answer.code,
        )
        await self._services.trail.count(entry)


@asynccontextmanager
async def listening(services: Services) -> AsyncIterator[None]:
    """Listen while inside; nothing happens with port 0. A busy port is a warning in a demo, else Misconfigured."""
    settings = services.settings
    if not settings.hl7_port:
        yield
        return
    listener = Listener(services, taking(services))
    server = await _started(listener, settings)
    try:
        yield
    finally:
        if server is not None:
            server.close()
        await listener.close()


def taking(services: Services) -> Taking:
    """With the dialects of the data folder."""
    settings = services.settings
    fallback = settings.hl7_hospital or ("demo" if settings.demo else "")
    return Taking(services.people.sealer, dialects(settings.home / "hl7"), fallback)


async def _started(listener: Listener, settings: Settings) -> asyncio.Server | None:
    try:
        server = await asyncio.start_server(listener.serve, settings.host, settings.hl7_port, limit=MOST_BYTES)
    except OSError as error:
        words = f"cannot listen for HL7 on {settings.host} port {settings.hl7_port} ({error.strerror})"
        if not settings.demo:
            raise Misconfigured(f"{words}: stop what uses it, or set CLOUDFILM_HL7_PORT") from error
        _log.warning("%s: this demo goes on without HL7", words)
        return None
    _log.info("listening for HL7", extra={"port": settings.hl7_port})
    return server
