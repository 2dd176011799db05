"""Which characters do these bytes mean? Mends Chinese text under a wrong or absent character set (PS3.5 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.charset import decode_bytes
from pydicom.valuerep import TEXT_VR_DELIMS

_ESCAPE = b"\x1b"  # code extensions, PS3.5 section 6.1.2.5.3
_LATIN_1 = frozenset(("iso8859", "latin_1"))  # declared ISO_IR 100, ISO_IR 6 or nothing
_CHINESE = frozenset(("gbk", "gb18030", "gb2312"))
_UNICODE = frozenset(("utf8", "utf_8", "utf-8"))
_CONTROL = re.compile(rb"[\x80-\x9f]")  # C1 of ISO 8859: no text has them
_HAN = range(0x3400, 0xA000)
_TWO_BYTES = range(0x80, 0x800)  # in UTF-8
# Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic: a word is written in one of them.
_SCRIPTS = tuple(
    frozenset(range(first, end))
    for first, end in ((0xA0, 0x250), (0x370, 0x400), (0x400, 0x460), (0x530, 0x590), (0x590, 0x600), (0x600, 0x700))
)
_GROUP = re.compile(r"[=\\\n]")  # what separates names and their component groups
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章"
    "鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟"
    "艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇"
)
_TWO_HAN_SURNAMES = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "夏侯",
    "端木",
    "长孙",
    "宇文",
    "司徒",
)
# What Chinese names, hospitals and examinations are written with, and what is most frequent in any text.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要时来用们生到作地于出就分对成会可主发年动同工也能下过子产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当点从业本去性好应开合还因由其前外天四日社事平形相全表间样与"
    "关各重新线内数正心反明看原利比质气第向道此变条没结解问建月公无系情最立代已通并提直程展五果料员位入常文总次品式活设及管特件"
    "长求老头基资边流路级少图山统接知较将组见计别手角期根论运指九区强放决西被做先回取处南给色光门即保治北百规热七海口东导器压志"
    "世金增思术极交受联六共收证改清美再采转更单风切白教速花带安场身例真务万每目至达积示声报完类八华名确才科信节整空元集温传步群"
    "广记需段研界林究观装影算低持复容儿际验连断深难近千素技备半办青省列响约支般史团历市克除消称太准精值号率族维划选标存候亲快效"
    "院查江型眼按格养易置层片始专状育京识适属圆包火住调满县局照参红细引该严龙医肺胸腹颅骨盆腔膝肩肘腕踝髋脊椎颈腰胃肠肝胆胰脾肾"
    "膀胱宫卵巢乳腺甲血静脉冠脏脑神扫描像侧斜双左右肢足趾诊室病房床检超彩普勒镜射磁振透造任师护士男女岁附妇幼健童中军伟芳娜敏丽"
    "磊洋勇艳杰娟涛秀英霞刚桂兰玉萍玲芬燕彬春梅波宁晓峰鹏辉飞丹莉鑫婷雪琳倩欣怡雨涵梓轩浩宇博佳俊豪嘉诗梦瑶洁颖琴凤云莲香珍爱荣"
    "珠翠贞德福祥瑞庆永贵振忠仁义王李张刘陈杨黄赵吴周徐孙马朱胡郭罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶苏魏吕丁沈姚卢姜"
    "痛疼炎症瘤癌损伤折肿块积液梗塞栓糖尿压咳嗽热呕吐泻便眩晕待术腺瓣腔窦鼻咽喉舌齿眼耳皮肤疾患治疗药孕产胎婴儿"
    "崔钟谭陆汪范石廖贾夏韦付方邹孟熊秦邱尹薛闫雷侯陶黎贺顾毛郝龚邵钱武戴莫孔汤康施牛"
)


def text(value: bytes, encodings: Sequence[str]) -> str:
    """The text of a value; `encodings` are Python's names for what the data set declares. Never raises.

    What the declared set cannot mean is tried as UTF-8, then as GB18030 (of which GBK and GB 2312 are parts).
    """
    if _ESCAPE in value:
        return _with_escapes(value, encodings)
    if value.isascii():
        return value.decode("ascii")
    declared = encodings[0].lower()
    if declared in _LATIN_1:
        return _utf_8(value) or _chinese(value) or value.decode("latin_1")
    if declared in _UNICODE:
        return _utf_8(value) or _decoded(value, "gb18030") or value.decode("utf_8", "replace")
    if declared in _CHINESE and (mended := _utf_8_han(value)):
        return mended
    return _decoded(value, declared, "utf_8", "gb18030") or value.decode("utf_8", "replace")


def _with_escapes(value: bytes, encodings: Sequence[str]) -> str:
    try:
        return decode_bytes(value, encodings, TEXT_VR_DELIMS)
    except (UnicodeError, LookupError, ValueError):
        return value.decode("latin_1")


def _utf_8(value: bytes) -> str:
    """UTF-8 proves itself, "" otherwise; but a few words of GB 2312 are, by accident, letters of mixed scripts (医院 is)."""
    decoded = _decoded(value, "utf_8")
    letters = {ord(character) for character in decoded if not character.isascii()}
    by_accident = max(letters, default=0) in _TWO_BYTES and not any(letters <= script for script in _SCRIPTS)
    return decoded if not (by_accident and _chinese(value)) else ""


def _chinese(value: bytes) -> str:
    """GB18030 on evidence: bytes where Latin-1 has no characters, or words that Chinese people write; "" without.

    "née créée" and the Korean of EUC-KR are also pairs of GB18030, of rare Han.
    """
    decoded = _decoded(value, "gb18030")
    foreign = [character for character in decoded if not character.isascii()]
    if len(foreign) > 1 and _CONTROL.search(value):
        return decoded
    frequent = sum(character in _FREQUENT for character in foreign)
    return decoded if 2 * frequent >= max(len(foreign), 1) or _begins_as_a_name(decoded) else ""


def _begins_as_a_name(chinese: str) -> bool:
    groups = [group for group in _GROUP.split(chinese.replace("^", "")) if len(group) > 1]
    return any(group.startswith(_TWO_HAN_SURNAMES) or (group[0] in _SURNAMES and ord(group[1]) in _HAN) for group in groups)


def _utf_8_han(value: bytes) -> str:
    """UTF-8 under a declared GBK: of the three-character names that GBK can write, 1 in 30000 would also pass as this."""
    decoded = _decoded(value, "utf_8")
    return decoded if all(character.isascii() or ord(character) in _HAN for character in decoded) else ""


def _decoded(value: bytes, *encodings: str) -> str:
    """By the first of these that fits, "" when none does."""
    for encoding in encodings:
        try:
            return value.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return ""
