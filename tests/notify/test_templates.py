"""A template that its provider would refuse is refused when it is saved; parts are counted; variables are cut to size."""

from __future__ import annotations

import pytest

from core.errors import InvalidField
from notify.kinds import ABOUT, Kind
from notify.models import NoticeTemplate
from notify.templates import ONE_PART, Template, checked, parameters, parts_of, text_of

OURS = "https://film.example.org"
GOOD = "您在${hospital}的检查报告已完成，点击 https://film.example.org/s/${code} 查看，有效期内需验证身份。"


def sms(text: str, **more: str) -> Template:
    return Template("aliyun", Kind.REPORT_READY, "SMS_1", text, {}, **more)


def test_a_good_template_names_its_variables_and_counts_its_parts() -> None:
    template = checked(sms(GOOD, signature="示范医院"), OURS)
    assert template.names == {"hospital": "hospital", "code": "code"}
    assert template.parts == 2
    assert [parts_of("x" * length) for length in (1, ONE_PART, ONE_PART + 1, 134, 135)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("您的报告已完成，点击${url}查看", "link-in-variable"),
        ("${hospital}${code}的报告", "variables-touch"),
        ("${hospital}", "only-variables"),
        ("【医院】您的报告已完成${code}", "brackets"),
        ("您的报告${name}", "not-a-variable"),
        ("您的报告${医院}", "not-a-variable"),
        ("您的报告${hospital", "not-a-variable"),
        ("请加QQ 12345 ${code}", "forbidden-words"),
        ("请拨13800138000 ${code}", "forbidden-words"),
        ("报告已完成😀${code}", "not-text"),
        ("您的檢查報告已完成${code}", "forbidden-words"),
        ("★您的报告已完成${code}", "forbidden-words"),
        (GOOD.replace("film.example.org", "film.example.com"), "link-of-another"),
        (GOOD.replace("film.example.org", "film.example.org.evil.cn"), "link-of-another"),
        (GOOD.replace("film.example.org", "film.example.org@evil.cn"), "link-of-another"),
        (GOOD.replace("film.example.org", "film.example.org:8443"), "link-of-another"),
        (GOOD.replace("film.example.org/s/", "film.example.org"), "link-of-another"),
        (GOOD.replace("https", "ftp"), "link-of-another"),
        ("报告已完成，打开 evil.cn/s/${code} 查看", "link-of-another"),
        ("报告已完成，打开ＥＶＩＬ。ＣＮ查看${code}", "link-of-another"),
        ("报告已完成，打开 10.1.2.3/s/${code} 查看", "link-of-another"),
        ("x" * 501, "too-long"),
        ("", "empty"),
    ],
)
def test_what_the_provider_refuses_is_refused_at_once(text: str, fault: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(sms(text), OURS)
    assert refused.value.fault == fault


@pytest.mark.parametrize("own", ["https://film.example.org", "http://127.0.0.1:8000", "https://film.example.org:8443/a"])
def test_links_below_our_own_address_are_taken_written_in_full_or_short(own: str) -> None:
    host = own.partition("://")[2].partition("/")[0]
    for text in (f"报告已完成，点击 {own}/s/${{code}} 查看。", f"报告已完成，打开{host}/s/${{code}}。电话0571-8700.1234"):
        assert checked(sms(text), own).names == {"code": "code"}


@pytest.mark.parametrize(("channel", "bad"), [("aliyun", "1234"), ("aliyun", ""), ("wechat", ""), ("assistant", "ready")])
def test_a_code_that_the_provider_cannot_have_given_is_refused(channel: str, bad: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(Template(channel, Kind.REPORT_READY, bad, "报告已完成", {}), OURS)
    assert refused.value.field == "code"
    assert checked(Template("gateway", Kind.REPORT_READY, "", "报告已完成", {}), OURS).code == ""


def test_wechat_and_alipay_name_their_own_variables() -> None:
    good = Template("wechat", Kind.REPORT_READY, "T", "报告已完成", {"thing1": "hospital", "character_string2": "code"})
    assert checked(good, OURS).names == good.names
    for names in ({}, {"thing": "hospital"}, {"thing1": "patient"}, {"body1": "hospital"}):
        with pytest.raises(InvalidField):
            checked(Template("wechat", Kind.REPORT_READY, "T", "报告已完成", names), OURS)
    row = NoticeTemplate(channel="wechat", names=good.names, text=good.text)
    assert parameters("wechat", row, {"hospital": "某" * 30, "code": "c" * 22}) == {
        "thing1": "某" * 20,
        "character_string2": "c" * 22,
    }


def test_our_own_words_say_no_name_no_kind_of_exam_and_fit_two_parts() -> None:
    values = {"hospital": "示范医院", "code": "c" * 22, "url": "https://film.example.org/s/" + "c" * 22, "count": "1"}
    values |= {"number": "123456", "department": "急诊科", "time": "11月21日 09:00"}
    for kind in ABOUT:
        text = text_of(kind, None, values)
        assert "$" not in text and parts_of(f"【云胶片】{text}") <= 2, text
    assert "3份" in text_of(Kind.REPORT_READY, None, {**values, "count": "3"})


def test_the_medical_assistants_fields_are_named_as_it_names_them() -> None:
    good = Template("assistant", Kind.REPORT_READY, "1505001", "报告已完成", {"department_name": "hospital"})
    assert checked(good, OURS) == good
    for names in ({}, {"Department": "hospital"}, {"department_name": "patient"}):
        with pytest.raises(InvalidField):
            checked(Template("assistant", Kind.REPORT_READY, "1505001", "报告已完成", names), OURS)
