"""Which part of the body a film shows, from the words of whoever ordered, planned or described it, Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache


class Part(StrEnum):
    """Parts that are windowed or ordered differently."""

    EAR = "ear"
    SINUS = "sinus"
    HEAD = "head"
    NECK = "neck"
    HEART = "heart"
    VESSELS = "vessels"
    CHEST = "chest"
    ABDOMEN = "abdomen"
    PELVIS = "pelvis"
    SPINE = "spine"
    LIMB = "limb"
    BREAST = "breast"


# The narrower word stands before the wider one: a temporal bone is in the head, but windowed otherwise.
WORDS: dict[Part, tuple[str, ...]] = {
    Part.EAR: ("内耳", "中耳", "乳突", "颞骨", "听骨", "iac", "iacs", "mastoid", "temporal bone", "inner ear", "ear"),
    Part.SINUS: (
        *("鼻窦", "副鼻窦", "鼻旁窦", "鼻骨", "颌面", "眼眶", "牙"),
        *("sinus", "sinuses", "orbit", "orbits", "facial", "maxilla"),
    ),
    Part.SPINE: (
        *("颈椎", "胸椎", "腰椎", "骶椎", "骶髂", "尾椎", "脊柱", "椎间盘", "椎体"),
        *("cspine", "tspine", "lspine", "spine", "cervical spine", "lumbar", "sacrum", "vertebra", "vertebrae"),
    ),
    Part.HEART: ("冠脉", "冠状动脉", "心脏", "heart", "cardiac", "coronary", "calcium score"),
    Part.VESSELS: ("血管", "动脉", "静脉成像", "cta", "ctv", "angio", "angiography", "aorta", "carotid", "vessel"),
    Part.BREAST: ("乳腺", "乳房", "breast", "mammo", "mammography"),
    Part.HEAD: (
        *("头颅", "颅脑", "颅骨", "头部", "脑", "垂体"),
        *("head", "brain", "skull", "cranium", "cerebral", "cérébrale", "crâne", "pituitary"),
    ),
    Part.NECK: ("颈部", "甲状腺", "喉", "咽", "neck", "thyroid", "larynx", "pharynx"),
    Part.CHEST: ("胸", "肺", "纵隔", "气管", "chest", "thorax", "lung", "lungs", "mediastinum"),
    Part.ABDOMEN: (
        *("上腹", "全腹", "腹部", "肝", "胆", "胰", "脾", "肾", "胃", "泌尿系", "腹"),
        *("abdomen", "abd", "liver", "pancreas", "kidney", "kidneys", "kub", "urinary", "upper abdomen"),
    ),
    Part.PELVIS: ("盆腔", "盆", "前列腺", "子宫", "膀胱", "直肠", "pelvis", "prostate", "uterus", "bladder", "rectum"),
    Part.LIMB: (
        *("膝", "髋", "踝", "足", "腕", "手", "肘", "肩", "股骨", "胫", "肱", "尺桡", "关节", "下肢", "上肢", "骨盆"),
        *("knee", "hip", "ankle", "foot", "wrist", "hand", "elbow", "shoulder", "femur", "tibia", "leg", "arm", "extremity"),
    ),
}
# Words that hold another part's word inside: they are taken out of the text once they are found.
_SWALLOWS = (Part.EAR, Part.SINUS, Part.SPINE, Part.HEART, Part.LIMB)


def parts(texts: Iterable[str]) -> tuple[Part, ...]:
    """The parts that the first telling text names, in the order from head to foot; empty when none tells."""
    return next(filter(None, map(_parts_of, texts)), ())


@lru_cache(maxsize=4096)
def _parts_of(text: str) -> tuple[Part, ...]:
    folded = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    found = []
    for part in sorted(WORDS, key=lambda part: (part not in _SWALLOWS, list(WORDS).index(part))):
        shorter = _pattern(part).sub(" ", folded)
        if shorter != folded:
            found.append(part)
            folded = shorter
    return tuple(sorted(found, key=list(WORDS).index))


@lru_cache(maxsize=len(Part))
def _pattern(part: Part) -> re.Pattern[str]:
    """Longer words first; Latin words stand alone, Chinese ones may stand anywhere."""
    words = sorted(WORDS[part], key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z]){word}(?![a-z])" if word[0].isascii() else word for word in map(re.escape, words)))
