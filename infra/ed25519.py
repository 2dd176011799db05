"""Signing what leaves the house, so that others can check it without a secret of ours (Ed25519, RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.keys import Keys

ALGORITHM = "ed25519"


class Signer:
    """One key pair for each purpose, made of the secrets of this deployment: nothing is stored."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(keys.derive(purpose))

    @property
    def public_key(self) -> str:
        """32 bytes in hex; whoever has it can check, and not sign."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, data: bytes) -> str:
        """64 bytes in hex."""
        return self._private.sign(data).hex()

    def signed(self, data: bytes, signature: str) -> bool:
        """True when we signed exactly this."""
        return is_signed(data, signature, self.public_key)


def is_signed(data: bytes, signature: str, public_key: str) -> bool:
    """True when the holder of that key signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
