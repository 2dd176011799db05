"""Person names in the one form in which they are compared: no case, no width (PS3.4 section C.2.2.2.1)."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` without the differences that do not tell persons apart: case, full or half width, outer blanks."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def fold_name(name: str) -> str:
    """`=group=group=` for a name whose groups are joined by `=`; empty for no name. Trailing ^ are dropped.

    A group outside Latin letters is there a second time without ^, since 王^小东 is also asked for as 王小东.
    """
    groups: dict[str, None] = {}
    for group in name.split("="):
        folded = fold_group(group)
        if folded:
            groups.setdefault(folded)
    for folded in tuple(groups):
        if not folded.isascii() and "^" in folded:
            groups.setdefault("".join(part.strip() for part in folded.split("^")))
    return f"={'='.join(groups)}=" if groups else ""


def fold_group(group: str) -> str:
    """One component group, folded: blanks around ^ and trailing ^ dropped."""
    # "=" has no meaning inside a group but would break the list of groups; NFKC makes one of U+FF1D.
    parts = [part.strip() for part in fold(group).replace("=", " ").split("^")]
    return "^".join(parts).rstrip("^")
