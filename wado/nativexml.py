"""A dataset as XML: the Native DICOM Model (PS3.19 section A.1), made from its DICOM JSON (PS3.18 annex F)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from wado.attributes import keyword_of

_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
# XML 1.0 section 2.2 has no way to write these, not even as references.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml(dataset: Mapping[str, Any]) -> bytes:
    """One DICOM JSON object as a NativeDicomModel document, UTF-8."""
    pieces = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<NativeDicomModel xmlns="{_NAMESPACE}" xml:space="preserve">',
    ]
    pieces += _attributes(dataset)
    pieces.append("</NativeDicomModel>\n")
    return "".join(pieces).encode("utf-8")


def _attributes(dataset: Mapping[str, Any]) -> Iterator[str]:
    for tag in sorted(dataset):
        yield _attribute(tag, dataset[tag], _private_creator(dataset, tag))


def _private_creator(dataset: Mapping[str, Any], tag: str) -> str:
    """Who reserved the block of a private element (PS3.5 section 7.8.1); empty for all others."""
    if int(tag[3], 16) % 2 == 0 or tag[4:6] == "00":
        return ""
    values = dataset.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value") or [""]
    return str(values[0])


def _attribute(tag: str, element: Mapping[str, Any], private_creator: str) -> str:
    keyword = keyword_of(tag)
    named = f' keyword="{keyword}"' if keyword else ""
    owned = f" privateCreator={_quoted(private_creator)}" if private_creator else ""
    content = "".join(_content(element))
    head = f'<DicomAttribute tag="{tag}" vr="{element["vr"]}"{named}{owned}'
    return f"{head}>{content}</DicomAttribute>" if content else f"{head}/>"


def _content(element: Mapping[str, Any]) -> Iterable[str]:
    if "BulkDataURI" in element:
        return [f"<BulkData uri={_quoted(element['BulkDataURI'])}/>"]
    if "InlineBinary" in element:
        return [f"<InlineBinary>{_text(element['InlineBinary'])}</InlineBinary>"]
    write = {"SQ": _item, "PN": _person_name}.get(element["vr"], _value)
    # An empty value between others is left out; the numbers of the others say that it is there.
    return (write(number, value) for number, value in enumerate(element.get("Value") or (), 1) if value is not None)


def _item(number: int, dataset: Mapping[str, Any]) -> str:
    return f'<Item number="{number}">{"".join(_attributes(dataset))}</Item>'


def _value(number: int, value: object) -> str:
    return f'<Value number="{number}">{_text(value)}</Value>'


def _person_name(number: int, name: Mapping[str, str]) -> str:
    groups = "".join(_group(group, name[group]) for group in _GROUPS if name.get(group))
    return f'<PersonName number="{number}">{groups}</PersonName>'


def _group(group: str, text: str) -> str:
    components = zip(_COMPONENTS, text.split("^"), strict=False)
    inner = "".join(f"<{component}>{_text(part)}</{component}>" for component, part in components if part)
    return f"<{group}>{inner}</{group}>"


def _text(value: object) -> str:
    # A bare carriage return would be read back as a line feed (XML 1.0 section 2.11).
    return escape(_NOT_IN_XML.sub("\ufffd", str(value)), {"\r": "&#13;"})


def _quoted(value: object) -> str:
    return quoteattr(_NOT_IN_XML.sub("\ufffd", str(value)))
