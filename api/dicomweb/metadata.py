"""Retrieve Metadata (PS3.18 section 10.4) over HTTP."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, needs
from api.dicomweb.reading import PREFIX, Asked, answered, reads
from wado import metadata
from wado.negotiation import Category
from wado.places import instance as instance_at
from wado.places import place
from wado.ready import Answer

routes = Blueprint("metadata", url_prefix=PREFIX)


@reads(routes, "/studies/<study>/metadata", "/studies/<study>/series/<series>/metadata")
@needs(*READS_PICTURES)
async def of_many(request: Request, study: str, series: str | None = None) -> HTTPResponse | None:
    """All attributes of all instances of a study or series."""

    async def make(asked: Asked) -> Answer:
        choice = asked.choices(Category.METADATA)[0]
        where = place(study, series)
        return await metadata.of_series(asked.reader, asked.asker, where, choice, asked.base_url, packed=asked.gzip)

    return await answered(request, study, make)


@reads(routes, "/studies/<study>/series/<series>/instances/<instance>/metadata")
@needs(*READS_PICTURES)
async def of_instance(request: Request, study: str, series: str, instance: str) -> HTTPResponse | None:
    """All attributes of one instance."""

    async def make(asked: Asked) -> Answer:
        choice = asked.choices(Category.METADATA)[0]
        at = await instance_at(asked.reader, asked.asker, place(study, series, instance))
        return await metadata.of_instance(asked.reader, at, choice, asked.base_url)

    return await answered(request, study, make)
