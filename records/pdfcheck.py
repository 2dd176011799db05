"""A PDF from outside shows pages and does nothing else, or it is not taken. Runs inside a limited child."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.errors import Unreadable

INFLATED_BYTES = 512 << 20  # of all compressed streams of a PDF: three times the largest page in colour
PIECE_BYTES = 1 << 20
LONGEST_NAME = 64  # of those looked for, each letter written as #xx
# What makes a PDF do something, or carry something, instead of showing a page (ISO 32000-1 sections 7.11, 12.6 and 12.7).
# Only long names: a short one would stand in pixels by chance; /JS never comes without /JavaScript.
_ACTIVE = re.compile(rb"/(JavaScript|Launch|EmbeddedFile|RichMedia|SubmitForm|ImportData)")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def harmless(content: bytes) -> Any:
    """The PDF, opened (pypdfium2.PdfDocument); raises Unreadable when it is encrypted, damaged, or more than pages."""
    import pypdfium2  # type: ignore[import-untyped]  # half a second that only a PDF costs
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("the PDF is encrypted or damaged") from error
    if raw.FPDF_GetSecurityHandlerRevision(document) >= 0:
        raise Unreadable("the PDF is encrypted")
    scripts, files = raw.FPDFDoc_GetJavaScriptActionCount(document), raw.FPDFDoc_GetAttachmentCount(document)
    form = raw.FPDF_GetFormType(document) not in (raw.FORMTYPE_NONE, raw.FORMTYPE_ACRO_FORM)  # the rest are programs in XML
    if scripts > 0 or files > 0 or form or any(_ACTIVE.search(_unescaped(text)) for text in _texts(content)):
        raise Unreadable("the PDF carries scripts, forms or files")
    return document


def _texts(content: bytes) -> Iterator[bytes]:
    """The file, and what its compressed streams hold, piece by piece: there objects may hide, as in a stream of objects."""
    yield content
    budget = INFLATED_BYTES
    for begin in _STREAM.finditer(content):
        for piece in _inflated(content, begin.end()):
            budget -= len(piece)
            if budget < 0:
                raise Unreadable("the PDF unpacks to more than a page needs")
            yield piece


def _inflated(content: bytes, start: int) -> Iterator[bytes]:
    """What is deflated there; nothing when nothing is. Each piece begins with the end of the one before."""
    inflater = zlib.decompressobj()
    rest, last = content[start : start + PIECE_BYTES], b""
    with suppress(zlib.error):
        while rest and not inflater.eof:
            piece = inflater.decompress(rest, PIECE_BYTES)
            start += len(rest) - len(inflater.unconsumed_tail)
            rest = content[start : start + PIECE_BYTES]
            yield last + piece
            last = piece[-LONGEST_NAME:]


def _unescaped(text: bytes) -> bytes:
    """#4A is J (ISO 32000-1 section 7.3.5)."""
    return _ESCAPED.sub(lambda escaped: bytes((int(escaped[1], 16),)), text) if b"#" in text else text
