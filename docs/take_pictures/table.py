"""Every picture of the docs by its name, and what takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Page

from docs.take_pictures import patient, recipient, sharing, volume
from docs.take_pictures.world import World

FOLDER = Path(__file__).parents[1] / "pictures"
PICTURES: Mapping[str, Callable[[World], Page]] = {
    "phone-login": patient.login,
    "phone-exams": patient.exams,
    "phone-exams-large": patient.exams_large,
    "phone-exams-english": patient.exams_english,
    "phone-exam": patient.exam,
    "phone-not-open": patient.not_open,
    "phone-report": patient.report,
    "phone-film": patient.film,
    "phone-download": patient.download,
    "phone-looked": patient.looked,
    "phone-bind": patient.bind,
    "phone-family": patient.family,
    "phone-feedback": patient.feedback,
    "phone-settings": patient.settings,
    "phone-share-who": sharing.share_who,
    "phone-share-what": sharing.share_what,
    "phone-share-how": sharing.share_how,
    "phone-share-preview": sharing.share_preview,
    "phone-share": sharing.share_done,
    "phone-shares": sharing.shares,
    "phone-share-seen": sharing.share_seen,
    "shared-ask": recipient.ask,
    "shared-locked": recipient.locked,
    "shared-phone": recipient.shared,
    "shared-viewer": recipient.shared_viewer,
    "shared-download": recipient.take,
    "shared-desk": recipient.shared_desk,
    "notice-ask": recipient.notice,
    "notice-exam": recipient.notice_exam,
    "get-desk": recipient.get,
    "pc-desk": patient.on_pc,
    "viewer-planes": volume.planes,
    "viewer-thick": volume.thick_plane,
}
