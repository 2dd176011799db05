"""Retrieve Frames (PS3.18 section 10.4) over HTTP."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, needs
from api.dicomweb.reading import PREFIX, Asked, answered, reads
from wado import frames
from wado.ahead import opened
from wado.negotiation import Category
from wado.places import instance as instance_at
from wado.places import place
from wado.ready import Answer

routes = Blueprint("frames", url_prefix=PREFIX)


@reads(routes, "/studies/<study>/series/<series>/instances/<instance>/frames/<numbers>")
@needs(*READS_PICTURES)
async def retrieve(request: Request, study: str, series: str, instance: str, numbers: str) -> HTTPResponse | None:
    """Pictures of one instance, as stored or as native pixels."""

    async def make(asked: Asked) -> Answer:
        wanted = frames.parse_frame_numbers(numbers)
        choices = asked.choices(Category.FRAMES, single=len(wanted) == 1)
        at = await instance_at(asked.reader, asked.asker, place(study, series, instance))
        answer = await frames.frames(asked.reader, at, wanted, choices)
        opened(asked.reader, at)
        return answer

    return await answered(request, study, make)
