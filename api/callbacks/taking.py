"""Taking one call of a provider: proved to be its own, counted, never logged, and answered within seconds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sanic import HTTPResponse, Request

from api.access import address_of
from api.services import Services
from core.clock import now
from core.errors import CloudfilmError, Malformed, NotFound, TooLarge, Unauthenticated, Unavailable
from identity import once
from infra import metrics
from notify import receipts
from notify.channels import Call, Heard, Listening

ANSWER_SECONDS = 4  # WeChat asks again after 5
LARGEST_BYTES = 1 << 20  # a thousand receipts
REMEMBERED = timedelta(days=2)  # all providers repeat for less than that
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def take(request: Request, channel: str, place: str = "") -> HTTPResponse:
    """Hear the call, keep what it says, answer as its provider expects. A channel that is not set up is not there."""
    services: Services = request.app.ctx.services
    listening = services.people.channels.get(channel)
    if not isinstance(listening, Listening):
        raise NotFound("no such channel")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            heard, outcome = await _heard(listening, channel, _call(request, place), now())
    except TimeoutError as error:
        metrics.count("callbacks", channel=channel, outcome="late")
        raise Unavailable("come again") from error
    except CloudfilmError as error:
        metrics.count("callbacks", channel=channel, outcome=_word(error))
        raise
    metrics.count("callbacks", channel=channel, outcome=outcome)
    return HTTPResponse(heard.answer, headers=HEADERS, content_type=heard.media_type)


async def _heard(listening: Listening, channel: str, call: Call, at: datetime) -> tuple[Heard, str]:
    """What is noted as taken was taken before: a call that was cut off between is taken twice, which does no harm."""
    heard = await listening.heard(call, at)
    if heard.once and await once.was_used(f"callback of {channel}", heard.once):
        return heard, "again"
    for each in heard.receipts:
        await receipts.record(
            each.channel,
            provider_id=each.provider_id,
            out_id=each.out_id,
            outcome=each.outcome,
            code=each.code,
            at=each.at,
        )
    if heard.once:
        await once.note_used(f"callback of {channel}", heard.once, at + REMEMBERED)
    return heard, "taken"


def _call(request: Request, place: str) -> Call:
    if len(request.body) > LARGEST_BYTES:
        raise TooLarge("more than a provider has to say")
    query = dict(request.get_query_args(keep_blank_values=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, query, request.body, place, address_of(request), headers)


def _word(error: CloudfilmError) -> str:
    if isinstance(error, Unauthenticated):
        return "refused"
    return "malformed" if isinstance(error, Malformed | TooLarge) else "failed"
