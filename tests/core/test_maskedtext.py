"""Free text under a mask names nobody, and still says what was found."""

from __future__ import annotations

from datetime import date

import pytest

from core.maskedtext import Whose, masked_text

PATIENT = Whose(
    names=("王小东", "WANG^XIAODONG=王^小东"),
    numbers=("P-000123", "330681198001021234", "13800138000", "MZ8899"),
    born=date(1980, 1, 2),
    others=("李建国",),
)
UYGHUR = Whose(names=("阿卜杜热合曼·吐尔逊",))
COMPOUND = Whose(names=("欧阳娜娜",))
LATIN = Whose(names=("O'Connor^Mary-Ann",))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("患者王小东，男，46岁。", "患者王**，男，46岁。"),
        ("王 小　东 胸部CT", "王** 胸部CT"),
        ("王\u200b小\u200b东", "王**"),
        ("小东诉胸痛", "**诉胸痛"),
        ("WANG XIAODONG；Xiaodong Wang；wangxiaodong", "W**；W**；W**"),
        ("Wang Xiao-Dong；Wang X.D.", "W**；W**."),
        ("身份证330681198001021234", "身份证***"),
        ("证号 330681 19800102 1234", "证号 ***"),
        ("330681800102123", "***"),
        ("电话138 0013 8000或０５７５－８８８８８８８８", "电话***或***"),
        ("p-000123，MZ 8899", "***，***"),
        ("生于1980年01月02日", "生于1980年"),
        ("出生日期：1979-5-6", "出生日期：1979年"),
        ("1980.1.2", "1980年"),
        ("家住浙江省绍兴市诸暨市大唐镇某村12号，昨日来诊", "***，昨日来诊"),
        ("来自浙江省绍兴市越城区中兴路123号3幢201室", "***"),
        ("报告医生：李建国，已告知孙志伟主任医师", "报告医生：李**，已告知孙**主任医师"),
        ("联系人：赵六，女儿：王芳", "联系人：赵*，女儿：王*"),
        ("申请医师 周敏芝 医师签名：吴双", "申请医师 周** 医师签名：吴*"),
        ("住院号：ZY0012 床号：12 病理号 2026-12345", "住院号：*** 床号：*** 病理号 ***"),
        ("发邮件到 wxd.80@example.com", "发邮件到 ***"),
        ("登记 CT2026112000017", "登记 ***"),
        ("患者，女，93岁；89岁时手术，间隔 4 年", "患者，女，90岁及以上；89岁时手术，间隔 4 年"),
    ],
)
def test_what_names_somebody_is_gone(text: str, masked: str) -> None:
    assert masked_text(text, PATIENT) == masked


@pytest.mark.parametrize(
    "text",
    [
        "双肺纹理清晰，右肺上叶见一结节，大小约12mm×8mm，CT值约45HU。",
        "SUVmax 12.345，延迟 13.02；PSA 1234.56 ng/ml。",
        "与2026-11-01及20260901片对比，病灶缩小。",
        "高血压患者于2026年来诊，左侧肾脏平扫未见异常；病人方便时复查。",
        "肝脏·胆囊·胰腺未见异常。胃镜距门齿40cm。",
        "T1WI、T2WI、DWI b=1000，MRI no abnormality。第3/4腰椎，L4-5椎间盘突出。",
        "数字的意思请听医生解释。Fatty Liver，Lipoma。",
        "请申请医师结合临床，由麻醉医师和高年资医师会诊。",
        "1. 脑沟增宽；2. 王氏征阴性。请于3个月后复查。",
    ],
)
def test_what_was_found_stays_letter_by_letter(text: str) -> None:
    assert masked_text(text, PATIENT) == text


@pytest.mark.parametrize(
    ("whose", "text", "masked"),
    [
        (UYGHUR, "阿卜杜热合曼•吐尔逊，阿卜杜热合曼吐尔逊", "阿**，阿**"),
        (UYGHUR, "吐尔逊·阿卜杜热合曼；阿卜杜热合曼来诊", "阿**；阿**来诊"),
        (COMPOUND, "欧阳娜娜，娜娜，Ouyang Nana，NANA OUYANG", "欧阳**，**，O**，O**"),
        (LATIN, "Mary-Ann O'Connor; OCONNOR; Connor", "O**; OCONNOR; C**"),
        (Whose(names=("王平",)), "王平平卧，王 平", "王*平卧，王*"),
        (Whose(names=("张健康",)), "张健康，健康宣教", "张**，健康宣教"),
        (Whose(names=("模体^测试",)), "胸部CT增强（模体），模体测试", "胸部CT增强（模体），模**"),
        (Whose(names=("",), numbers=("", "12")), "12个月", "12个月"),
    ],
)
def test_names_of_every_form_go_wherever_they_stand(whose: Whose, text: str, masked: str) -> None:
    assert masked_text(text, whose) == masked
