"""In which transfer syntaxes an instance, or a frame of it, can be given (PS3.18 section 8.7.3)."""

from __future__ import annotations

from archive.locate import Located
from archive.syntaxes import EXPLICIT_LE, syntax


def of_instance(at: Located) -> tuple[str, ...]:
    """As archived first; Explicit VR Little Endian wherever it can be made."""
    archived = at.transfer_syntax_uid
    if archived == EXPLICIT_LE or not _explicit_can_be_made(at):
        return (archived,)
    return archived, EXPLICIT_LE


def of_frames(at: Located) -> tuple[str, ...]:
    """As of_instance; native frames are the same bytes in every little endian syntax."""
    archived = at.frame_syntax_uid
    if not syntax(archived).encapsulated:
        return (EXPLICIT_LE,)
    return (archived, EXPLICIT_LE) if at.description is not None and at.decodable else (archived,)


def _explicit_can_be_made(at: Located) -> bool:
    if not syntax(at.transfer_syntax_uid).encapsulated:
        return True
    return at.decodable if at.description is not None else not at.extents.frames
