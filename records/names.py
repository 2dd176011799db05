"""Names of persons in the one form in which two writings of a name are the same name."""

from __future__ import annotations

import unicodedata

# Points between the parts of a name: 买买提·艾力 is also written with • ．‧ ・ and with nothing.
_LEFT_OUT = frozenset("·•．.‧・･∙⋅●、,，'’`^-‐‑–—_=")
# Characters of one name that two systems write differently (GB/T 2312 had no better one), and traditional surnames.
_VARIANTS = str.maketrans(
    "𠮷㛃珎峯羣綉淸靑髙濶樑昇甯啟祕陞買"
    "張陳劉黃楊趙吳鄭馮許韓謝鄧蕭葉蘇呂鍾盧範賈鄒龍萬錢湯譚陸賴龔嚴顧喬孫馬羅應莊歐藍塗遊華國強偉麗書蓮鳳蘭鵬東興寶",
    "吉洁珍峰群绣清青高阔梁升宁启秘升买"
    "张陈刘黄杨赵吴郑冯许韩谢邓萧叶苏吕钟卢范贾邹龙万钱汤谭陆赖龚严顾乔孙马罗应庄欧蓝涂游华国强伟丽书莲凤兰鹏东兴宝",
)
_FIRST_PRIVATE, _CELLS = 0xE815, [*range(0x50, 0x7F), *range(0x80, 0xA1)]
# Cells of row FE that GB 18030-2005 gave a real character, while Python's codec still answers with the private one.
_GIVEN_LATER = {
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}


def _private_use() -> dict[int, str]:
    """Private-use characters that old GBK systems write for rare ones, such as 䶮: cells FE50 to FEA0 of GB 18030."""
    table = {_FIRST_PRIVATE + number: bytes((0xFE, cell)).decode("gb18030") for number, cell in enumerate(_CELLS)}
    return table | {private: chr(real) for private, real in _GIVEN_LATER.items()}


_PRIVATE_USE = _private_use()


def folded(name: str) -> str:
    """`name` without what does not tell persons apart: width, case, blanks, points, private and variant characters."""
    text = unicodedata.normalize("NFKC", name.translate(_PRIVATE_USE)).casefold().translate(_VARIANTS)
    return "".join(each for each in text if each not in _LEFT_OUT and not each.isspace())


def same(one: str, other: str) -> bool:
    """True when both are writings of one name; an empty name is nobody's."""
    return bool(folded(one)) and folded(one) == folded(other)
