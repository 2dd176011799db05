"""The seal of a PDF, checked without the library that made it: PDFium finds it, OpenSSL's arithmetic verifies it."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from asn1crypto import cms  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True)
class Seal:
    """What the file says of its only signature; `left_out` are the bytes that it does not cover."""

    sub_filter: str
    no_change_allowed: bool
    left_out: bytes
    valid: bool
    certificate: x509.Certificate


def seal_of(pdf: bytes) -> Seal:
    """Read and verified; raises AssertionError where there is not exactly one signature."""
    document = pypdfium2.PdfDocument(pdf)
    assert pdfium.FPDF_GetSignatureCount(document) == 1
    found = pdfium.FPDF_GetSignatureObject(document, 0)
    begin, length, tail, tail_length = _numbers(found)
    assert begin == 0
    covered = pdf[:length] + pdf[tail : tail + tail_length]
    left_out = pdf[length:tail] + pdf[tail + tail_length :]
    content = cms.ContentInfo.load(_bytes(pdfium.FPDFSignatureObj_GetContents, found))["content"]
    certificate = x509.load_der_x509_certificate(content["certificates"][0].chosen.dump())
    permission = pdfium.FPDFSignatureObj_GetDocMDPPermission(found)
    sub_filter = _bytes(pdfium.FPDFSignatureObj_GetSubFilter, found).rstrip(b"\0").decode()
    return Seal(sub_filter, permission == 1, left_out, _holds(content["signer_infos"][0], covered, certificate), certificate)


def pdfsig(pdf: Path) -> str | None:
    """What Poppler's own checker says, where it is installed."""
    tool = shutil.which("pdfsig")
    if tool is None:
        return None
    return subprocess.run([tool, str(pdf)], capture_output=True, text=True, timeout=120).stdout


def _holds(signer: cms.SignerInfo, covered: bytes, certificate: x509.Certificate) -> bool:
    """RFC 5652 section 5.4: the attributes are signed, and one of them is the hash of the file."""
    attributes = signer["signed_attrs"]
    (digest,) = next(each["values"] for each in attributes if each["type"].native == "message_digest")
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(signer["signature"].native, attributes.untag().dump(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return bool(digest.native == hashlib.sha256(covered).digest())


def _numbers(found: object) -> list[int]:
    count = pdfium.FPDFSignatureObj_GetByteRange(found, None, 0)
    numbers = (ctypes.c_int * count)()
    pdfium.FPDFSignatureObj_GetByteRange(found, numbers, count)
    return list(numbers)


def _bytes(read: object, found: object) -> bytes:
    length = read(found, None, 0)  # type: ignore[operator]  # a function of PDFium
    buffer = ctypes.create_string_buffer(length)
    read(found, buffer, length)  # type: ignore[operator]  # as above
    return buffer.raw
