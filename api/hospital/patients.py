"""Patients, told by the hospital's systems; merged and parted by its administrator."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field
from api.hospital.saying import DECIDES, SYSTEMS, answer, done, home, number
from api.services import Services
from core.clock import now
from records import merging, patients
from records.identifiers import KINDS
from records.patients import Patient

routes = Blueprint("patients", url_prefix="/api/v1/hospital/patients")

_IDENTIFIER = {
    "kind": Field(bodies.choice(*KINDS), required=True),
    "value": Field(bodies.text(64), required=True),
}
_PATIENT = {
    "name": Field(bodies.filled(128), required=True),
    "sex": Field(bodies.choice("M", "F", "O"), default=""),
    "birth_date": Field(bodies.day),
    "deceased_on": Field(bodies.day),
    "phones": Field(bodies.many(bodies.text(32), 10), default=()),
    "identifiers": Field(bodies.many(bodies.inner(_IDENTIFIER), 20), default=()),
}
_MERGE = {"into": Field(bodies.filled(64), required=True)}


@routes.put("/<patient_id>")
@needs(*SYSTEMS)
async def put(request: Request, patient_id: str) -> HTTPResponse:
    """Tell a patient. A wrong id number is kept, flagged and never a proof; it is no reason to refuse the patient."""
    services: Services = request.app.ctx.services
    patient = _patient(await bodies.body(request, _PATIENT))
    work = patients.put(services.people.sealer, home(request), number("patient_id", patient_id), patient)
    return answer(await done(request, "put-patient", work))


@routes.post("/<patient_id>/merge")
@needs(*DECIDES)
async def merge(request: Request, patient_id: str) -> HTTPResponse:
    """This number's exams are another number's from now on: body `into`."""
    into = (await bodies.body(request, _MERGE))["into"]
    source, subject = number("patient_id", patient_id), request.ctx.grant.subject
    return answer(await done(request, "merge", merging.merge(home(request), source, into, subject=subject, now=now())))


@routes.post("/<patient_id>/unmerge")
@needs(*DECIDES)
async def unmerge(request: Request, patient_id: str) -> HTTPResponse:
    """This number is a patient of its own again, with every exam that came under it."""
    source, subject = number("patient_id", patient_id), request.ctx.grant.subject
    return answer(await done(request, "unmerge", merging.unmerge(home(request), source, subject=subject, now=now())))


def _patient(said: dict[str, Any]) -> Patient:
    papers = tuple((each["kind"], each["value"]) for each in said.pop("identifiers"))
    return Patient(**said, identifiers=papers)
