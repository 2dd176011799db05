"""The signature behind the address in a printed QR: whoever has the hospital's public key checks it without a network.

    https://film.example.org/s/TOKEN#DIGITS

DIGITS is a decimal number of 164 digits, since a QR code holds digits in the least room: 68 bytes, high byte first, which
are the key's id (4 bytes) and the Ed25519 signature (64 bytes, RFC 8032) over `cloudfilm qr 1`, a line feed, and the whole
address before the #. A browser keeps what stands behind a # to itself, so no server ever sees it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import Invalid

CONTEXT = b"cloudfilm qr 1\n"  # QR codes already printed carry it: another form gets another number
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
DIGITS = 164  # of 256 ** 68


def new_private_key() -> bytes:
    """32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key(private: bytes) -> str:
    """The public key that belongs to it, in base64url without padding, as RFC 8037 writes it."""
    raw = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def key_id(public: str) -> str:
    """Eight hex digits: the beginning of the SHA-256 of the key's 32 bytes."""
    return hashlib.sha256(_raw(public)).hexdigest()[: 2 * KEY_ID_BYTES]


def signed(url: str, private: bytes) -> str:
    """The address with its signature; the same each time."""
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(CONTEXT + url.encode())
    number = int.from_bytes(bytes.fromhex(key_id(public_key(private))) + signature)
    return f"{url}#{number:0{DIGITS}}"


def checked(text: str, public_keys: Mapping[str, str]) -> str:
    """The id of the key that signed a QR's text; `public_keys` by their ids. Raises Invalid for what none of them signed."""
    url, _, digits = text.partition("#")
    if not (len(digits) == DIGITS and digits.isascii() and digits.isdigit()):
        raise Invalid("it carries no signature")
    number = int(digits)
    if number.bit_length() > 8 * (KEY_ID_BYTES + SIGNATURE_BYTES):
        raise Invalid("it carries no signature")
    value = number.to_bytes(KEY_ID_BYTES + SIGNATURE_BYTES)
    name = value[:KEY_ID_BYTES].hex()
    if name not in public_keys:
        raise Invalid(f"it names a key that is not known: {name}")
    try:
        Ed25519PublicKey.from_public_bytes(_raw(public_keys[name])).verify(value[KEY_ID_BYTES:], CONTEXT + url.encode())
    except InvalidSignature as error:
        raise Invalid("its signature is wrong: it was changed, or is not ours") from error
    return name


def _raw(public: str) -> bytes:
    return base64.urlsafe_b64decode(public + "=" * (-len(public) % 4))
