"""Gives the original DICOM file back from one stored object, without cloudfilm: `python recover.py OBJECT ORIGINAL`.

It needs `pip install imagecodecs msgpack numpy` and nothing else. docs/architecture.md explains each step.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from pathlib import Path
from typing import Any

import imagecodecs
import msgpack  # type: ignore[import-untyped]
import numpy as np

BIG_ENDIAN = "1.2.840.10008.1.2.2"


def recover(stored: bytes) -> bytes:
    """The file as it was sent; raises ValueError when its SHA-256 is not the recorded one."""
    padding, end = struct.unpack("<Q8s", stored[-16:])
    value = padding + 12  # tag, VR "OB", two reserved bytes, length
    if end != b"CFLMEND1" or stored[value : value + 8] != b"CFLMOBJ1":
        return stored  # kept as sent: the object is the original
    (length,) = struct.unpack("<I", stored[value + 8 : value + 12])
    recipe = msgpack.unpackb(stored[value + 12 : value + 12 + length])
    head_at = value + 12 + length
    tail_at = head_at + recipe["packed_head"]
    head = unpacked(stored[head_at:tail_at])
    tail = unpacked(stored[tail_at : tail_at + recipe["packed_tail"]])
    original = head + b"".join(frames(stored, recipe)) + tail
    if hashlib.sha256(original).digest() != recipe["sha256"]:
        raise ValueError("the object is damaged: take another copy of it")
    return original


def unpacked(packed: bytes) -> bytes:
    """Zstandard."""
    return bytes(imagecodecs.zstd_decode(packed)) if packed else b""


def frames(stored: bytes, recipe: dict[str, Any]) -> list[bytes]:
    """The native frames: one HTJ2K codestream an item."""
    found = []
    offset = recipe["fragments"]
    for _ in range(recipe["frames"]):
        (length,) = struct.unpack("<I", stored[offset + 4 : offset + 8])  # after the item tag FFFE,E000
        pixels = imagecodecs.htj2k_decode(stored[offset + 8 : offset + 8 + length])
        offset += 8 + length
        if pixels.ndim == 3 and recipe["planar"] == 1:
            pixels = pixels.transpose(2, 0, 1)  # colour by plane
        sent_as = pixels.dtype.newbyteorder(">" if recipe["transfer_syntax_uid"] == BIG_ENDIAN else "<")
        found.append(np.ascontiguousarray(pixels.astype(sent_as)).tobytes())
    return found


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(recover(Path(sys.argv[1]).read_bytes()))
