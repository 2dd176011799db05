"""Where in a stack of slices the organ lies that the exam is about, seen in small pictures (`films/organ.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from archive.decode import decode_frame
from archive.locate import Located
from archive.read import Reader
from films import organ
from films.stack import Slot, Stack

LOOKED_AT_MOST = 400  # slices in which the organ is looked for; of more, every second or third
READ_AT_ONCE = 16


async def span(reader: Reader, located: Mapping[str, Located], stack: Stack) -> tuple[int, int] | None:
    """First and last slice of the organ, seen in small pictures; None where those would have to be decoded whole."""
    step = -(-len(stack.slots) // LOOKED_AT_MOST)
    slots = stack.slots[::step]
    if not all(_has_small(located[slot.image.instance], slot.frame) for slot in slots):
        return None
    gate = asyncio.Semaphore(READ_AT_ONCE)
    small = await asyncio.gather(*(_small(reader, located[slot.image.instance], slot, gate) for slot in slots))
    first, last = await asyncio.to_thread(organ.span, small, slots[0].image.modality, stack.organ)
    return first * step, min(last * step + step - 1, len(stack.slots) - 1)


def _has_small(at: Located, frame: int) -> bool:
    return _small_halvings(at, frame) is not None


def _small_halvings(at: Located, frame: int) -> int | None:
    """How often the frame is to be halved for a first look; None when its codestream does not hold so small a picture."""
    described = at.description
    if described is None or described.samples_per_pixel != 1:
        return None
    longer = max(described.rows, described.columns)
    wanted = max(0, (longer // organ.SMALL_PIXELS).bit_length() - 1)
    return wanted if wanted < len(at.extents.frames[frame - 1].segments) else None


async def _small(reader: Reader, at: Located, slot: Slot, gate: asyncio.Semaphore) -> NDArray[np.float64]:
    halvings = _small_halvings(at, slot.frame) or 0
    async with gate:
        codestream = await (reader.smaller_frame(at, slot.frame, halvings) if halvings else reader.frame(at, slot.frame))
    described = at.description
    assert described is not None  # only images are chosen
    return organ.values(decode_frame(codestream, at.frame_syntax_uid, described, reduce=halvings), described, slot.frame)
