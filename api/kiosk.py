"""The kiosk: it reads a card, the person's phone says which account is theirs, and the digital service is opened there."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api import onsite
from api.access import needs
from api.bodies import body
from api.onsite import ACCOUNT, CHOICE, claim_fields
from core.grants import Role
from identity.onsite import CARDS

routes = Blueprint("kiosk", url_prefix="/api/v1/kiosk")
CARD = claim_fields(*CARDS)


@routes.post("/codes", name="send_code")
@needs(Role.KIOSK)
async def send_code(request: Request) -> HTTPResponse:
    """Send a code to the phone of who stands there, for an account without our app."""
    return await onsite.send_code(request)


@routes.post("/bindings", name="bind")
@needs(Role.KIOSK)
async def bind(request: Request) -> HTTPResponse:
    """The card that was read is of whom this code names: shown by their phone, or sent to it (with `challenge`)."""
    said = await body(request, {**CARD, **ACCOUNT})
    return await onsite.bind(request, said, [{"kind": said["kind"]}])


@routes.post("/exams", name="exams")
@needs(Role.KIOSK)
async def exams(request: Request) -> HTTPResponse:
    """Exams of the card's holder whose digital service may be opened or declined, and the notice to show before."""
    return await onsite.exams(request, await body(request, CARD))


@routes.post("/activations", name="choose")
@needs(Role.KIOSK)
async def choose(request: Request) -> HTTPResponse:
    """Open or decline the digital service of these exams, once the notice was shown and answered there."""
    return await onsite.choose(request, await body(request, {**CARD, **CHOICE}), "kiosk")
