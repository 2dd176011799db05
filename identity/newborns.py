"""Newborns that have no name yet: the hospital writes 王芳之子, and the mother sees the exams until the child is named."""

from __future__ import annotations

import re

from records import names

NEWBORN = "newborn"
# 王芳之子, 王芳之女, 王芳之婴, 王芳之大双, 王芳之长子, 王芳之子2, 王芳之女（二）; 之 does not end a name by itself
_UNNAMED = re.compile(r"(.{2,})之(?:[大小长次双三]{0,2}(?:子|女|婴|男婴|女婴)|[大小]双)[0-9a-z一二三四甲乙丙丁()]{0,4}")


def mother_of(name: str) -> str:
    """The mother's name, folded, that stands in a newborn's; empty for whoever has a name of their own."""
    match = _UNNAMED.fullmatch(names.folded(name))
    return match[1] if match else ""
