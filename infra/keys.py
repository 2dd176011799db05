"""The secrets of this deployment: given by the environment in production, made once in a demo."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from core.errors import Misconfigured
from infra.firstwrite import write_first

KEY_BYTES = 32
MINIMUM_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Signing of tokens, encryption of fields, index of encrypted fields, signing of QR codes."""

    tokens: str = field(repr=False)
    fields: str = field(repr=False)
    index: str = field(repr=False)
    qr_key: str = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one more purpose, bound to the field key of this deployment (HMAC-SHA256)."""
        return hmac.digest(self.fields.encode(), purpose.encode(), hashlib.sha256)


def production_keys(environ: Mapping[str, str]) -> Keys:
    """The four secrets from CLOUDFILM_SECRET_*; raises Misconfigured when one is missing or short."""
    found = {name: environ.get(_variable(name), "") for name in _names()}
    weak = [_variable(name) for name, value in found.items() if len(value) < MINIMUM_CHARACTERS]
    if weak:
        raise Misconfigured(
            f"set {', '.join(weak)} to at least {MINIMUM_CHARACTERS} random characters each, or CLOUDFILM_DEMO=1 for a demo"
        )
    if len(set(found.values())) < len(found):
        raise Misconfigured("the four CLOUDFILM_SECRET_* must differ from each other")
    return Keys(**found)


def demo_keys(home: Path, environ: Mapping[str, str]) -> Keys:
    """The secrets of a demo folder, made at its first start in secrets.json (mode 0600)."""
    given = [_variable(name) for name in _names() if environ.get(_variable(name))]
    if given:
        raise Misconfigured(f"a demo does not take production secrets: unset {', '.join(given)} or CLOUDFILM_DEMO")
    path = home / "secrets.json"
    if not path.exists():
        write_first(path, json.dumps({name: secrets.token_urlsafe(KEY_BYTES) for name in _names()}).encode())
    try:
        return Keys(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:  # never guessed anew: what was signed and hidden with them would be lost
        raise Misconfigured(f"{path} is damaged: bring it back from a backup") from error


def _names() -> list[str]:
    return [f.name for f in fields(Keys)]


def _variable(name: str) -> str:
    return f"CLOUDFILM_SECRET_{name.upper()}"
