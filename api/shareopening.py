"""Opening a share without an account: by its token or a pick-up code, and by its passcode."""

from __future__ import annotations

from collections.abc import Mapping

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, public
from api.bodies import Field, body, text
from api.forms import answer, required
from api.pages.landing_record import DONE, REFUSED, recorded
from api.services import Services
from core.clock import now
from core.errors import PasscodeWrong
from identity.links import LONGEST_TOKEN, LinkEnded
from infra.audit import device
from records.models import Hospital
from share import passcodes, pickup
from share.opening import Opened, Visitor
from share.parts import Part
from share.viewing import ShareView
from wado.masking.uids import mapped

routes = Blueprint("share-opening", url_prefix="/api/v1/shares")
LONGEST_HOSPITAL, LONGEST_NAME = 64, 32  # that a visitor states
FROM = {"hospital": Field(text(LONGEST_HOSPITAL), default=""), "name": Field(text(LONGEST_NAME), default="")}
OPEN = {
    "token": required(LONGEST_TOKEN),
    "passcode": Field(text(passcodes.LONGEST), default=""),
    "from": Field(bodies.inner(FROM), default={}),
}
PICK_UP = {"code": required(pickup.LONGEST)}


@routes.post("/pickup", name="pick-up")
@public("the code is the proof, and its tries are counted")
async def pick_up(request: Request) -> HTTPResponse:
    """The token that a pick-up code stands for, to go on with at /shares/open."""
    services: Services = request.app.ctx.services
    said, address = await body(request, PICK_UP), address_of(request)
    token = await services.sharing.pickup.redeem(said["code"], address, address, now())
    return answer({"token": token})


@routes.post("/open", name="open")
@public("the token in the body is the proof, and the passcode")
async def open_share(request: Request) -> HTTPResponse:
    """Open a share without an account: a short token for report, films and DICOMweb of just these exams."""
    said = await body(request, OPEN)
    opened = await opened_by(request, said["token"], said["passcode"], said["from"])
    hospital = await Hospital.get(code=opened.link.hospital)
    return answer(
        {
            "access_token": opened.token,
            "token_type": "Bearer",
            "expires_in": int(opened.expires_in.total_seconds()),
            "hospital": {"code": hospital.code, "name": hospital.name},
            "masked": opened.view.masked,
            "allow_download": opened.view.allow_download,
            "exams": [{"id": exam, "studies": studies_of(opened.view, exam)} for exam in opened.view.found],
        }
    )


async def opened_by(request: Request, token: str, passcode: str, said: Mapping[str, str]) -> Opened:
    """The share of a token, opened; what came of the try is on record. Raises as `share.opening.Openings.open`."""
    services: Services = request.app.ctx.services
    visitor = Visitor(address_of(request), device.get(), said.get("hospital", ""), said.get("name", ""))
    at = now()
    try:
        opened = await services.sharing.openings.open(token, passcode, visitor, at)
    except PasscodeWrong:
        if passcode:
            link, _ = await services.sharing.openings.found(token, at)
            await recorded(request, link, REFUSED, {"why": "passcode"})
        raise
    except LinkEnded as ended:
        await recorded(request, ended.link, REFUSED, {"why": ended.why})
        raise
    await recorded(request, opened.link, DONE, {})
    return opened


def studies_of(view: ShareView, exam_id: str) -> list[str]:
    """The studies of an exam by the UIDs that they have for the recipient."""
    if not view.shows(exam_id, Part.IMAGES):
        return []
    series = view.series.get(exam_id)
    shared = None if series is None else {study for study, _ in series}
    own = [study for study in view.found[exam_id].studies if shared is None or study in shared]
    return [mapped(bytes.fromhex(view.mask), study) for study in own] if view.masked else own
