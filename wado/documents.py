"""Documents inside DICOM, such as a report as PDF: given out as what they are (PS3.3 section C.24.2)."""

from __future__ import annotations

from archive.locate import Located

ENCAPSULATED_DOCUMENT = "00420011"
# PS3.4 annex B.5 storage classes of encapsulated documents; MIME Type of Encapsulated Document (0042,0012) must be this.
MEDIA_TYPES = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}
PDF = "application/pdf"


def media_type(at: Located) -> str | None:
    """What kind of document an instance is; None when it is none."""
    return MEDIA_TYPES.get(at.sop_class_uid)
