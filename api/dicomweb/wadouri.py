"""One object by query parameters, the old way (WADO-URI, PS3.18 chapter 9), over HTTP."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, needs
from api.dicomweb.reading import PREFIX, Asked, answered, reads
from api.recipients import require_taking
from wado import objects
from wado.ahead import opened
from wado.places import instance as instance_at
from wado.places import place
from wado.ready import Answer
from wado.wadouri import parse_uri_request

routes = Blueprint("wadouri")


@reads(routes, "/wado", PREFIX)  # the npm dicomweb-client asks below its one base address
@needs(*READS_PICTURES)
async def retrieve(request: Request) -> HTTPResponse | None:
    """One instance, as a picture or as a DICOM file."""
    await require_taking(request.app.ctx.services, request.ctx.grant)

    async def make(asked: Asked) -> Answer:
        wanted = parse_uri_request(asked.parameters)
        where = place(wanted.study_uid, wanted.series_uid, wanted.object_uid)
        at = await instance_at(asked.reader, asked.asker, where)
        answer = await objects.retrieve(asked.reader, at, wanted, asked.accept)
        opened(asked.reader, at)
        return answer

    return await answered(request, request.args.get("studyUID", ""), make)
