"""Says whether a printed QR code is a hospital's own, without a network: `python check_qr.py KEYS.json QR`.

KEYS.json is https://film.example.org/.well-known/cloudfilm-qr-keys.json, fetched once and kept. QR is the text that a scanner
read, or a picture of the code. It needs `pip install cryptography`, and for pictures `opencv-python-headless`.
docs/hospital-interface.md explains the form.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LENGTH = 68  # bytes: 4 of the key's id, 64 of the signature
DIGITS = 164


def check(text: str, keys: list[dict[str, Any]]) -> str:
    """The hospital whose key signed it; raises ValueError with what is wrong."""
    address, _, digits = text.strip().partition("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS and int(digits) < 256**LENGTH):
        raise ValueError("it carries no signature")
    value = int(digits).to_bytes(LENGTH, "big")
    key = next((each for each in keys if each["kid"] == value[:4].hex()), None)
    if key is None:
        raise ValueError("its key is not among these: fetch them again, or it is a forgery")
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    try:
        public.verify(value[4:], b"cloudfilm qr 1\n" + address.encode())
    except InvalidSignature as error:
        raise ValueError("it was changed, or is a forgery") from error
    return str(key["hospital_name"])


def text_of(said: str) -> str:
    """What a scanner reads: the argument itself, or what stands in the picture of that name."""
    if "#" in said or not Path(said).is_file():
        return said
    import cv2

    picture = cv2.imread(said)
    if picture is None:
        raise ValueError("no picture that can be read")
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    return str(text)


if __name__ == "__main__":
    try:
        hospital = check(text_of(sys.argv[2]), json.loads(Path(sys.argv[1]).read_text())["keys"])
    except ValueError as fault:
        sys.exit(f"NOT GENUINE: {fault}")
    print(f"genuine: signed by {hospital}")
