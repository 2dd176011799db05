"""How a hospital explains the words of its reports: its own meaning in place of ours, or none."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field
from api.hospital.saying import DECIDES, answer, done, home, json, known_parameters
from core.clock import now
from records import report_terms
from records.report_terms import LONGEST_MEANING, LONGEST_TERM

routes = Blueprint("terms-said", url_prefix="/api/v1/admin/terms")

_read_term = bodies.filled(LONGEST_TERM)
_TERM = {"meaning": Field(bodies.text(LONGEST_MEANING), required=True)}


@routes.get("/")
@needs(*DECIDES)
async def listed(request: Request) -> HTTPResponse:
    """Every word that is explained to patients of this hospital, with its meaning and source; `own` where it is theirs."""
    known_parameters(request)
    own = await report_terms.of_hospital(home(request))
    return json({"items": [_item(each, own) for each in report_terms.all_with(own)], "next": None})


@routes.put("/<term>")
@needs(*DECIDES)
async def put(request: Request, term: str) -> HTTPResponse:
    """Explain a word otherwise, or a word that we do not know; an empty meaning = it is not explained."""
    said = await bodies.body(request, _TERM)
    work = report_terms.put(home(request), _term(term), said["meaning"], now())
    return answer(await done(request, "put-term", work))


@routes.delete("/<term>")
@needs(*DECIDES)
async def delete(request: Request, term: str) -> HTTPResponse:
    """Explain it as we do again."""
    return answer(await done(request, "delete-term", report_terms.remove(home(request), _term(term))))


def _term(in_path: str) -> str:
    return str(_read_term("term", unquote(in_path)))


def _item(each: report_terms.Term, own: dict[str, str]) -> dict[str, Any]:
    return {
        "term": each.term,
        "meaning": each.meaning,
        "kind": each.kind,
        "source": each.source,
        "own": each.term in own,
    }
