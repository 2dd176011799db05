"""What every reading of images has in common: a remembered answer if there is one, and on record before the first byte."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from sanic import Blueprint, HTTPResponse, Request

from api.access import Handler, address_of
from api.dicomweb.conditional import Sendable, respond, send, sendable
from api.services import Services
from archive.read import Reader
from archive.tiers import Tiers
from core.clock import now
from core.errors import Malformed
from core.grants import Grant
from infra.audit import by
from wado.masking.devices import Devices, devices_of, digest
from wado.masking.veil import Veil
from wado.negotiation import Category, Choice, negotiate
from wado.places import Asker
from wado.ready import About, Answer, Ready, Streamed, cost, key
from wado.renderparams import RenderParameters, parse_render_parameters

METHODS = ("GET", "HEAD")
PREFIX = "/dicom-web"
PARAMETERS_MAX = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart for the use-cases."""

    reader: Reader
    asker: Asker
    base_url: str  # the public DICOMweb root
    accept: str | None
    accept_parameter: str | None
    gzip: bool  # the client unpacks gzip
    parameters: tuple[tuple[str, str], ...]

    def choices(self, category: Category, *, single: bool = True) -> tuple[Choice, ...]:
        """The forms in which the client takes it; raises NotAcceptable or Malformed."""
        return negotiate(category, self.accept, self.accept_parameter, single=single)

    @property
    def how(self) -> RenderParameters:
        """How to draw it; raises Malformed."""
        return parse_render_parameters(self.parameters)

    @property
    def version(self) -> int | None:
        """Which version of an instance, None for the current one; raises Malformed."""
        text = next((value for name, value in self.parameters if name == "version"), None)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Malformed("version is a whole number from 1 up")
        return int(text)


Make = Callable[[Asked], Awaitable[Answer]]


def reads(routes: Blueprint, *paths: str) -> Callable[[Handler], Handler]:
    """The handler answers GET and HEAD on each of these paths."""

    def add(handler: Handler) -> Handler:
        for number, path in enumerate(paths, 1):
            name = f"{handler.__name__}_{number}"
            routes.add_route(handler, path, methods=METHODS, name=name)  # type: ignore[arg-type]  # always a coroutine function
        return handler

    return add


async def answered(request: Request, study_uid: str, make: Make) -> HTTPResponse | None:
    """The answer to a reading below a study: remembered, or made by `make` and perhaps remembered."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    at = now()
    accept, accept_encoding = request.headers.get("accept", ""), request.headers.get("accept-encoding", "")
    url = request.raw_url.decode("latin-1")
    hospitals = frozenset() if grant.masked else grant.hospitals_of(study_uid)  # a masked UID is of one grant alone
    rules = await _rules(services, grant, at)
    name = key(services.reader.generation, hospitals, grant.mask + digest(rules), url, accept, accept_encoding)
    found = services.tiers.peek(name)
    if isinstance(found, Sendable) and _may_have(grant, found.ready.about, at):
        about = found.ready.about
        if not services.tally.seen((about.hospital, grant.session, about.study_uid, about.what), at):
            await recorded(request, about)
        return respond(request, found)
    answer = await make(await asked_by(request))
    await recorded(request, answer.about)
    if isinstance(answer, Streamed):
        return await send(request, answer)
    return respond(request, _remembered(services.tiers, name, answer))


def _remembered(tiers: Tiers, name: str, answer: Ready) -> Sendable:
    """The answer made ready to send, once; the bytes of one tag are always the same."""
    if answer.momentary:
        name = f"tagged/{answer.etag}"
        known = tiers.peek(name)
        if isinstance(known, Sendable):
            return known
    finished = sendable(answer)
    tiers.keep(name, finished, cost=cost(name, answer))
    return finished


async def recorded(request: Request, about: About, **detail: object) -> None:
    """Return once it is on record that this is being read."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=about.hospital,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=about.study_uid,
        what=about.what,
        detail=detail,
    )
    await services.tally.read(entry)


def _may_have(grant: Grant, about: About, at: datetime) -> bool:
    """What is not allowed goes the long way, where it is refused."""
    return at < grant.until and grant.allows(about.hospital, about.study_uid, about.series_uid)


async def asked_by(request: Request) -> Asked:
    """The request taken apart; raises Malformed."""
    services: Services = request.app.ctx.services
    try:
        parameters = parse_qsl(request.query_string, keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError as error:
        raise Malformed("too many query parameters") from error
    asker = await asker_of(request)
    return Asked(
        asker.veil.reader if asker.veil else services.reader,
        asker,
        services.settings.base_url + PREFIX,
        request.headers.get("accept"),
        next((value for name, value in parameters if name == "accept"), None),
        _takes_gzip(request.headers.get("accept-encoding", "")),
        tuple(parameters),
    )


async def asker_of(request: Request) -> Asker:
    """Who asks, under the mask of their grant if it has one."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    at = now()
    return Asker(grant, at, await veil_of(services, grant, at) if grant.masked else None)


async def veil_of(services: Services, grant: Grant, at: datetime) -> Veil:
    """The mask of a grant over the archive, with the rules of its hospitals."""
    return Veil(grant, services.reader, at, await _rules(services, grant, at))


async def _rules(services: Services, grant: Grant, at: datetime) -> Devices:
    """Where the devices of its hospitals write text; nobody asks that without a mask."""
    if not grant.masked:
        return {}
    hospitals = {hospital for hospital, *_ in (*grant.studies, *grant.series)}
    return await devices_of(services.reader, hospitals, at)


def _takes_gzip(accept_encoding: str) -> bool:
    """True when gzip is named with a weight above 0 (RFC 9110 section 12.5.3)."""
    for each in accept_encoding.lower().split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name in ("gzip", "x-gzip"):
            return weight.strip("0.") != "" or not weight
    return False
