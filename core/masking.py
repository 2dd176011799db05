"""What may be shown of a person's name, by who reads it.

| reader | form | function |
|---|---|---|
| a stranger, who must not learn whose it is | 王**, 欧阳** | `masked_name` |
| who knows the person and must tell two apart: patient, family, desk, kiosk | 林*夏, 张* | `hinted_name` |
"""

from __future__ import annotations

HIDDEN = "**"  # always two: their number tells nothing of the name's length
MOST_HINTED = 6  # stars between the two characters of a hint
ONE_HIDDEN = "*"  # of a name of two characters, as everybody writes it

# Surnames of two characters, simplified and traditional.
_COMPOUND = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容
仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐
段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 南荣 第五 歐陽 東方 獨孤 南宮 萬俟 聞人 諸葛 尉遲 赫連 濮陽 公孫
鍾離 長孫 鮮于 閭丘 澹臺
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())


def masked_name(name: str) -> str:
    """The surname, or the first character where that cannot be told, and stars; empty for no name.

    For a value of VR PN give the whole value: each component group is masked, and stays in its place (PS3.5 section 6.2.1).
    """
    return "=".join(_group(group) for group in name.split("="))


def hinted_name(name: str) -> str:
    """The first and, of three or more, the last character: its owner knows it, and nobody mistakes it for another's."""
    if len(name) <= 2:
        return name[:1] + ONE_HIDDEN
    return name[0] + ONE_HIDDEN * min(len(name) - 2, MOST_HINTED) + name[-1]


def _group(group: str) -> str:
    family, _, rest = group.strip().partition("^")
    family, rest = family.strip(), rest.replace("^", " ").strip()
    if not family:
        return HIDDEN if rest else ""
    if rest:
        return _surname(family, alone=True) + HIDDEN
    surname = _surname(family, alone=False)
    return surname + (ONE_HIDDEN if len(family) == 2 and surname == family[0] else HIDDEN)


def _surname(family: str, *, alone: bool) -> str:
    """What of the family name may stand: a compound surname whole, else one character."""
    if family[:2] in COMPOUND_SURNAMES and (alone or len(family) > 2):
        return family[:2]
    return family[0]
