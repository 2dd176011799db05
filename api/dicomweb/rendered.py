"""Retrieve Rendered and thumbnails (PS3.18 section 10.4) over HTTP."""

from __future__ import annotations

from dataclasses import replace

from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, needs
from api.dicomweb.reading import PREFIX, Asked, answered, reads
from wado import rendered
from wado.ahead import opened
from wado.frames import parse_frame_numbers
from wado.places import instances, place, representative
from wado.ready import Answer, Ready
from wado.thumbnails import thumbnail

routes = Blueprint("rendered", url_prefix=PREFIX)
SERIES = "/studies/<study>/series/<series>"
INSTANCE = SERIES + "/instances/<instance>"


@reads(
    routes, "/studies/<study>/rendered", SERIES + "/rendered", INSTANCE + "/rendered", INSTANCE + "/frames/<numbers>/rendered"
)
@needs(*READS_PICTURES)
async def picture(
    request: Request, study: str, series: str | None = None, instance: str | None = None, numbers: str | None = None
) -> HTTPResponse | None:
    """A picture that any browser shows; of a study or series the one in its middle, or all of them as many parts."""

    async def make(asked: Asked) -> Answer:
        how, wanted = asked.how, parse_frame_numbers(numbers) if numbers else ()
        if instance is None and rendered.takes_parts(asked.accept, asked.accept_parameter):
            where = place(study, series)
            found = await instances(asked.asker, where)
            return rendered.of_all(asked.reader, found, where, how, asked.accept, asked.accept_parameter)
        at = await representative(asked.reader, asked.asker, place(study, series, instance))
        answer = await rendered.rendered(asked.reader, at, wanted, how, asked.accept, asked.accept_parameter)
        opened(asked.reader, at)
        return _momentary(answer, instance)

    return await answered(request, study, make)


@reads(
    routes,
    "/studies/<study>/thumbnail",
    SERIES + "/thumbnail",
    INSTANCE + "/thumbnail",
    INSTANCE + "/frames/<number>/thumbnail",
)
@needs(*READS_PICTURES)
async def small_picture(
    request: Request, study: str, series: str | None = None, instance: str | None = None, number: str | None = None
) -> HTTPResponse | None:
    """A small picture; of a study or series the one in its middle."""

    async def make(asked: Asked) -> Answer:
        how, wanted = asked.how, parse_frame_numbers(number)[0] if number else None
        at = await representative(asked.reader, asked.asker, place(study, series, instance))
        answer = await thumbnail(asked.reader, at, wanted, how, asked.accept, asked.accept_parameter)
        return _momentary(answer, instance)

    return await answered(request, study, make)


def _momentary(answer: Answer, instance: str | None) -> Answer:
    """What stands in the middle changes while a series arrives."""
    return replace(answer, momentary=True) if isinstance(answer, Ready) and instance is None else answer
