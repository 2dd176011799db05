"""Checks an audit export without cloudfilm: `python verify_audit.py EXPORT.jsonl [--public-key HEX] [--chain-key HEX]`.

It needs `pip install cryptography` and nothing else. Without --public-key it only finds damage; with the key that
`python -m api audit key` prints, known from elsewhere, also forgery. With the chain's own secret key
(`python -m api audit key --secret`) it recomputes the hash of each entry too. docs/operations.md explains the file.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASHED = ("action", "address", "at", "chain", "detail", "device", "outcome", "role", "session", "study_uid", "subject", "what")
HASHED_TOO = ("algorithm", "number")
ADDED_LATER = ("device",)  # left out of the hash while empty


def faults(content: bytes, public_key: str = "", chain_key: str = "") -> Iterator[str]:
    """What is wrong with an export; nothing when all is well."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        yield "the file is cut off"
        return
    head, end = json.loads(lines[0]), json.loads(lines[-1])
    entries = [json.loads(line) for line in lines[1:-1]]
    if hashlib.sha256(b"".join(lines[:-1])).hexdigest() != end.get("sha256"):
        yield "the file was changed: its SHA-256 is another one"
    if not is_signed(end, public_key or str(end.get("public_key"))):
        yield "the signature does not fit"
    if end.get("broken_at") is not None:
        yield f"the chain was broken at entry {end['broken_at']} when this was exported"
    if len(entries) != end.get("entries") or len(entries) != max(0, head["last"] - head["first"] + 1):
        yield "entries are missing"
    yield from _faults_of_chain(head, entries, bytes.fromhex(chain_key))


def is_signed(end: dict[str, Any], public_key: str) -> bool:
    """True when the holder of the key signed the last line."""
    said = json.dumps({name: end.get(name) for name in ("entries", "broken_at", "sha256")}, sort_keys=True)
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(end["signature"]), said.encode())
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def _faults_of_chain(head: dict[str, Any], entries: list[dict[str, Any]], key: bytes) -> Iterator[str]:
    number, previous = head["first"], head["previous"]
    for entry in entries:
        if entry["number"] != number or entry["previous"] != previous or entry["chain"] != head["chain"]:
            yield f"entry {entry['number']} does not follow the one before"
        if key and not hmac.compare_digest(_hash(entry, key), entry["hash"]):
            yield f"entry {entry['number']} was changed"
        if key and not hmac.compare_digest(_mac(key, f"{entry['hash']}\n{entry['count']}"), entry["count_proof"]):
            yield f"the count of entry {entry['number']} was changed"
        number, previous = entry["number"] + 1, entry["hash"]


def _hash(entry: dict[str, Any], key: bytes) -> str:
    hashed = {name: entry[name] for name in (*HASHED, *HASHED_TOO) if entry[name] or name not in ADDED_LATER}
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False)
    return _mac(key, f"{entry['previous']}\n{text}")


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def main() -> int:
    """Exit 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export", type=Path)
    parser.add_argument("--public-key", default="", metavar="HEX")
    parser.add_argument("--chain-key", default="", metavar="HEX")
    arguments = parser.parse_args()
    content = arguments.export.read_bytes()
    found = list(faults(content, arguments.public_key, arguments.chain_key))
    for fault in found:
        print(fault)
    if not found:
        print(f"{len(content.splitlines()) - 2} entries, all in order")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
