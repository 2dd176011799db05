"""The electronic seal of a hospital: a PAdES signature (ETSI EN 319 142-1) that certifies the whole PDF and allows no change.

How a hospital signs is a plug-in: whatever is a `Signer`, such as a client of its certificate authority's server. A demo has
one with a certificate that it made for itself, and says so.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from core import clock
from core.errors import Misconfigured, Unreadable
from infra.firstwrite import write_first
from infra.sealing import Sealer

KEY_BITS = 3072  # NIST SP 800-57 part 1: 128 bits of strength
DEMO_YEARS = 10
DEMO_WORDS = "演示证书"
FIELD = "HospitalSeal"
FIELD_WORDS = "医院电子签章"  # what a screen reader says
PRINTED_AND_LOCKED = 4 | 128  # ISO 32000-1 table 165
LONGEST_COMMON_NAME = 64  # RFC 5280 appendix A, ub-common-name


class Signer(Protocol):
    """Signs for one hospital. Called in a thread; may ask a server elsewhere, and then raises Unavailable."""

    @property
    def demo(self) -> bool:
        """True for a certificate that nobody but this program vouches for."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hex: another certificate, another seal."""

    def sign(self, pdf: bytes) -> bytes:
        """The same PDF with a signature appended; what was there before stays byte by byte. Raises Unreadable."""


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a private key that lies here."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    reason: str
    demo: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def sign(self, pdf: bytes) -> bytes:
        """As `Signer.sign`."""
        # Imported here: half a second that only a seal costs.
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import fields, signers
        from pyhanko.stamp import StaticStampStyle

        about = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            reason=self.reason,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            _make_seal_the_field(writer)
            nothing = StaticStampStyle(border_width=0)  # the seal is drawn on the page: the field lies over it
            signed = signers.PdfSigner(about, signer=self._simple_signer(), stamp_style=nothing).sign_pdf(writer)
        except PdfError as error:
            raise Unreadable("a PDF that cannot be signed") from error
        return bytes(signed.getvalue())

    def _simple_signer(self) -> Any:
        """Certificate and key as pyHanko takes them."""
        from asn1crypto.keys import PrivateKeyInfo  # type: ignore[import-untyped]  # it has no stubs
        from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]  # as above
        from pyhanko.sign import signers
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        encoded = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return signers.SimpleSigner(
            signing_cert=Certificate.load(self.certificate.public_bytes(serialization.Encoding.DER)),
            signing_key=PrivateKeyInfo.load(encoded),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # no annotation of its own
        )


def _make_seal_the_field(writer: Any) -> None:
    """Whoever taps the drawn seal is shown the signature: its link becomes the signature's field, in its place and tag.

    A paper without a drawn seal keeps a signature that is not seen.
    """
    from pyhanko.pdf_utils import generic

    of: Any = generic  # it has few annotations
    found = _seal_link(writer)
    if found is None:
        return
    page, reference = found
    link = reference.get_object()
    for name in ("/Dest", "/A", "/Border", "/Contents"):
        link.pop(of.pdf_name(name), None)
    said: dict[str, Any] = {"/Subtype": of.NameObject("/Widget"), "/FT": of.NameObject("/Sig"), "/T": of.pdf_string(FIELD)}
    said |= {"/TU": of.pdf_string(FIELD_WORDS), "/F": of.NumberObject(PRINTED_AND_LOCKED), "/P": page}
    link.update({of.pdf_name(name): value for name, value in said.items()})
    writer.mark_update(reference)
    tag = _tag_of(writer, link)
    if tag is not None:
        tag[of.pdf_name("/S")] = of.NameObject("/Form")
        writer.update_container(tag)
    form = of.DictionaryObject(
        {of.pdf_name("/Fields"): of.ArrayObject([reference]), of.pdf_name("/SigFlags"): of.NumberObject(3)}
    )
    writer.root[of.pdf_name("/AcroForm")] = form
    writer.update_root()


def _seal_link(writer: Any) -> tuple[Any, Any] | None:
    """References to the page and to the link that lies over the seal: the only link to a place of the same paper."""
    for number in range(int(writer.root["/Pages"]["/Count"])):
        page, _ = writer.find_page_for_modification(number)
        for reference in _annotations(page.get_object()):
            annotation = reference.get_object()
            if annotation["/Subtype"] == "/Link" and "/Dest" in annotation:
                return page, reference
    return None


def _annotations(page: Any) -> Any:
    try:
        return page["/Annots"]
    except KeyError:
        return ()


def _tag_of(writer: Any, annotation: Any) -> Any:
    """Its element in the structure of a tagged PDF (ISO 32000-1 section 14.7.4.4); None where there is none."""
    try:
        pairs = list(writer.root["/StructTreeRoot"]["/ParentTree"]["/Nums"])
        place = pairs[::2].index(annotation["/StructParent"])
    except (KeyError, ValueError):
        return None
    return pairs[2 * place + 1].get_object()


def demo_signer(folder: Path, sealer: Sealer, hospital: str, name: str, now: datetime) -> KeySigner:
    """The seal of a demo hospital, made once: `folder`/`hospital`.seal holds key and certificate, encrypted."""
    path = folder / f"{hospital}.seal"
    if not path.exists():
        write_first(path, sealer.seal_bytes(_new_pair(name, now)))
    opened = sealer.open_bytes(path.read_bytes())
    key = serialization.load_pem_private_key(opened, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured(f"{path} does not hold a key of ours")
    return KeySigner(x509.load_pem_x509_certificate(opened), key, f"{name}（{DEMO_WORDS}）", demo=True)


def no_signer(_hospital: str, _name: str) -> Signer | None:
    """Where no hospital has a seal."""
    return None


Signers = Callable[[str, str], Signer | None]  # hospital code and full name → its signer, if it has a seal


class DemoSigners:
    """A seal for each demo hospital, made when it is first needed. Called in a thread."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer
        self._known: dict[str, Signer] = {}

    def __call__(self, hospital: str, name: str) -> Signer | None:
        """Its signer."""
        if hospital not in self._known:
            self._known[hospital] = demo_signer(self._folder, self._sealer, hospital, name, clock.now())
        return self._known[hospital]


def plugged_in(where: str) -> Signers:
    """The signers that `package.module:name` of an installed package is; raises Misconfigured when there is none."""
    module, _, name = where.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Misconfigured(f"CLOUDFILM_SIGNERS={where}: no such module or name") from error
    if not callable(found):
        raise Misconfigured(f"CLOUDFILM_SIGNERS={where} cannot be called")
    return cast(Signers, found)


def require_found(where: str) -> None:
    """At the start: the plug-in that a setting names is there, or there is none to be. Raises Misconfigured."""
    if where:
        plugged_in(where)


def _new_pair(name: str, now: datetime) -> bytes:
    """A new private key and its self-signed certificate, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {DEMO_WORDS}"[:LONGEST_COMMON_NAME])])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    begins = now.astimezone(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * DEMO_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(serialization.Encoding.PEM)
