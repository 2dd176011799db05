"""What the docstrings of routes cannot say, as tables: media types of answers and bodies, statuses, query parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DICOM_JSON, DICOM_XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'
DICOM, ZIP, HTML = "application/dicom", "application/zip", "text/html"
MULTIPART_DICOM = 'multipart/related; type="application/dicom"'
MULTIPART_BYTES = 'multipart/related; type="application/octet-stream"'
JSON = "application/json"
PICTURES = ("image/jpeg", "image/png", "image/gif")


@dataclass(frozen=True, slots=True)
class Group:
    """What the routes of one file have in common: media types of answers and bodies, and query parameters by name."""

    answers: tuple[str, ...] = ("application/json",)
    bodies: tuple[str, ...] = ("application/json",)  # of POST, PUT and PATCH
    query: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)


# blueprint → the group that it is one of several files of
ONE_GROUP: Mapping[str, str] = {"share-making": "shares", "share-opening": "shares"}
# group → what its docstrings cannot say
GROUPS: Mapping[str, Group] = {
    "search": Group(
        (DICOM_JSON, DICOM_XML), query=("limit", "offset", "includefield", "fuzzymatching", "{attribute}", "accept")
    ),
    "store": Group((DICOM_JSON, "application/dicom+xml"), (MULTIPART_DICOM, DICOM), statuses=(200, 202, 409)),
    "deletion": Group((), statuses=(204,)),
    "metadata": Group((DICOM_JSON, DICOM_XML), query=("accept",)),
    "instances": Group((MULTIPART_DICOM, DICOM, ZIP), query=("accept", "version")),
    "frames": Group((MULTIPART_BYTES, "application/octet-stream"), query=("accept",)),
    "rendered": Group((*PICTURES, "application/pdf"), query=("window", "viewport", "quality", "accept")),
    "wadouri": Group(
        (DICOM, *PICTURES),
        query=(
            "requestType",
            "studyUID",
            "seriesUID",
            "objectUID",
            "contentType",
            "transferSyntax",
            "frameNumber",
            "rows",
            "columns",
            "windowCenter",
            "windowWidth",
            "imageQuality",
        ),
    ),
    "login": Group((JSON,), (JSON,), statuses=(200, 202)),
    "session": Group((JSON,), (JSON,)),
    "webtickets": Group((JSON,), (), statuses=(201,)),
    "signins": Group((JSON,)),
    "me": Group((JSON,), (JSON,), statuses=(200, 201)),
    "family": Group((JSON,), (JSON,), statuses=(200, 201, 202)),
    "account": Group((JSON,)),
    "consents": Group((JSON,), (JSON,), statuses=(200, 201)),
    "subscriptions": Group((JSON,), (JSON,), statuses=(200, 201)),
    "wishes": Group((JSON,), (JSON,)),
    "callbacks": Group((JSON, "text/plain"), (JSON, "text/xml", "application/x-www-form-urlencoded")),
    "activations": Group((JSON,), (JSON,), query=("cursor", "limit"), statuses=(200, 201)),
    "kiosk": Group((JSON,), (JSON,), statuses=(200, 201, 202)),
    "desk": Group((JSON,), (JSON,), statuses=(200, 201, 202, 204)),
    "feedback": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "feedback-inbox": Group((JSON,), (JSON,)),
    "share-preview": Group((JSON,), (), query=("exams", "mask", "series", "parts"), statuses=(200, 201)),
    "blackouts": Group((JSON,), (JSON,), statuses=(200, 201)),
    "hospitals": Group((JSON,), query=("cursor", "limit")),
    "service": Group((JSON,), query=("from", "to", "cursor", "limit")),
    "reports": Group((JSON,), query=("version",)),
    "films": Group((JSON,)),
    "films-said": Group(
        (JSON,), ("image/jpeg", "image/png", "application/pdf", DICOM, "multipart/form-data"), statuses=(200, 201, 202)
    ),
    "exams": Group((JSON,), query=("hospital", "category", "from", "to", "body_part", "q", "sort", "cursor", "limit")),
    "downloads": Group((JSON,), ()),
    "pc": Group((HTML,), ("application/x-www-form-urlencoded",)),
    "sensitive": Group((JSON,), (JSON,)),
    "shares": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "get": Group((HTML,), ("application/x-www-form-urlencoded",)),
    "accesslog": Group((JSON,), query=("limit", "cursor")),
    "places": Group((JSON,), (JSON,), query=("limit", "cursor"), statuses=(200, 201)),
    "audit": Group(
        (JSON,), query=("hospital", "from", "to", "action", "role", "outcome", "study", "cursor", "limit", "format")
    ),
    "exam-access": Group((JSON,), (JSON,), statuses=(200, 201)),
    "landing": Group((HTML,), ("application/x-www-form-urlencoded",), query=("who", "by", "take")),
    "messages": Group((HTML, JSON)),
    "notices": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "reminders": Group((JSON,), (JSON,), statuses=(200, 201)),
    "shl": Group((JSON,), (JSON,), statuses=(200, 201)),
    "oauth": Group((JSON,), ("application/x-www-form-urlencoded",)),
    "third-party": Group((JSON,), query=("cursor",)),
    "third-parties": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "authorisations": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "maintenance": Group((JSON,), query=("hospital",)),
    "phone": Group((HTML,)),
    "platform-login": Group((), statuses=(303,)),
    "browser": Group((HTML,)),
    "demo": Group((HTML,), statuses=(303,)),
    "docs": Group((HTML,)),
}
# route → media types, where one file holds different ones
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "instances.large_value": (MULTIPART_BYTES, "application/octet-stream"),
    "rendered.small_picture": PICTURES,
    "exam-access.png": ("image/png",),
    "exam-access.svg": ("image/svg+xml",),
    "shares.png": ("image/png",),
    "shares.svg": ("image/svg+xml",),
    "share-preview.film": ("image/jpeg",),
    "share-preview.image": PICTURES,
    "films.file.jpg": ("image/jpeg",),
    "films.pdf": ("application/pdf",),
    "films.file.dcm": (DICOM,),
    "films-said.preview": ("image/jpeg",),
    "blackouts.trial": ("image/png", "image/jpeg"),
    "films-said.original": ("image/jpeg", "image/png", "application/pdf", DICOM),
    "phone.file": ("text/css", "text/javascript", "image/svg+xml", "image/png"),
    "browser.file": ("text/css", "text/javascript", "image/svg+xml"),
    "service.events_csv": ("text/csv",),
    "audit.export": ("application/jsonl", "text/csv"),
    "reports.pdf": ("application/pdf",),
    "reports.picture": ("image/jpeg", "image/png"),
    "shl.file": ("application/jose",),
    "docs.style": ("text/css",),
    "webtickets.enter": (HTML,),
    "downloads.file": (ZIP,),
    "docs.openapi": ("application/json",),
    "operations.metrics_page": ("text/plain",),
}
# route → media types of its body, where one file takes different ones
BODIES: Mapping[str, tuple[str, ...]] = {
    "shares.show-code": (),
    "films-said.choose": (JSON,),
    "films-said.rematch": (),
    "films-said.undo": (),
    "feedback-inbox.take": (),
    "feedback-inbox.close": (),
    "feedback-inbox.reopen": (),
}
# route → query parameters, where one file holds different ones
QUERIES: Mapping[str, tuple[str, ...]] = {
    "third-party.report": (),
    "third-parties.authorisations": ("limit", "cursor"),
    "notices.list": ("state", "kind", "channel", "exam", "limit", "cursor"),
    "notices.counts": ("from", "to"),
    "reminders.list": ("open", "limit", "cursor"),
    "feedback.list": ("cursor", "limit"),
    "feedback-inbox.list": ("state", "kind", "sort", "cursor", "limit"),
    "shares.list": ("cursor", "limit"),
    "shares.visits": ("cursor", "limit"),
    "films.file.jpg": ("width",),
    "webtickets.enter": ("to",),
    "downloads.file": ("series",),
    "films-said.post": ("accession", "campus", "system", "patient_id", "study_uid", "page", "source"),
    "films-said.list": ("state", "limit", "cursor"),
}
QUERY: Mapping[str, str] = {
    "limit": "at most so many results",
    "offset": "leave out so many results",
    "includefield": "further attributes by keyword or tag, or all",
    "fuzzymatching": "true: words of a name, in any order and case",
    "{attribute}": "any attribute by keyword or tag, such as PatientID, StudyDate=20260101-20260131, PatientName=王*",
    "accept": "a media type, where the Accept header cannot be set",
    "version": "an older version, for the auditor alone",
    "window": "center,width[,linear|linear-exact|sigmoid] in modality units",
    "viewport": "width,height[,x,y,width,height]: the box to fit into, and the region of the image",
    "quality": "1 to 100, of JPEG",
    "requestType": "WADO",
    "from": "first day, YYYY-MM-DD in the hospital's zone",
    "to": "last day",
    "q": "words that stand in item, body part or report",
    "sort": "performed_at, hospital, category or body_part; - before it = descending",
    "cursor": "`next` of the page before",
    "width": "at most so many pixels wide; never enlarged",
    "exams": "ids of exams, with commas between them",
    "mask": "true, or false for a doctor",
    "parts": "report, film, images, with commas between them: only those",
    "take": "id of an exam: what a download of it holds",
    "series": "Series Instance UID, also several times: only those series",
    "state": "waiting, placed or all",
    "page": "which page of the film it is, from 1",
    "source": "which system or device printed it",
}
STATUSES: Mapping[int, str] = {
    200: "Done",
    201: "Made",
    202: "Taken; of a store: some instances were stored, some refused",
    204: "Done; nothing to say",
    303: "Go on there",
    409: "All instances were refused",
}
WITHOUT_CONTENT = frozenset({204, 303})
