"""What notices are about: to whom, in which words, how long they are of use. No name, no kind of exam, no diagnosis in any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """One kind of notice."""

    REPORT_READY = "report-ready"
    REPORT_CORRECTED = "report-corrected"
    ACCOUNT_BOUND = "account-bound"
    FAMILY_ADDED = "family-added"
    FAMILY_FOURTEEN_SOON = "family-fourteen-soon"
    FAMILY_FOURTEEN = "family-fourteen"
    FAMILY_EIGHTEEN_SOON = "family-eighteen-soon"
    FAMILY_ENDS_SOON = "family-ends-soon"
    SHARE_OPENED = "share-opened"
    SHARE_LOCKED = "share-locked"
    FEEDBACK_ANSWERED = "feedback-answered"
    CRITICAL_VALUE = "critical-value"
    BACK_TO_DEPARTMENT = "back-to-department"
    EXTRA_IMAGES = "extra-images"
    MAINTENANCE = "maintenance"
    NOTICES_STOPPED = "notices-stopped"


class Audience(StrEnum):
    """Who is told."""

    PATIENT = "patient"  # by the hospital's record
    OWNER = "owner"  # of an account, who shared something: by the account's own phone
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class About:
    """`words` are sent where a hospital has no template of its own; `variables` are all that a template may use."""

    audience: Audience
    words: str
    variables: frozenset[str]
    life: timedelta
    may_wait: bool = True  # for the end of quiet hours, and while a burst is looked at


_LINKED = frozenset({"hospital", "code", "count"})
_TO_STAFF = frozenset({"hospital", "number", "department"})
_OF_HOSPITAL = frozenset({"hospital"})
_DAY = timedelta(days=1)

ABOUT: Mapping[Kind, About] = {
    Kind.REPORT_READY: About(
        Audience.PATIENT, "您在${hospital}的检查报告已完成，点击 ${url} 查看，需验证身份。", _LINKED, 3 * _DAY
    ),
    Kind.REPORT_CORRECTED: About(
        Audience.PATIENT, "您在${hospital}的检查报告有更正，请点击 ${url} 查看新的报告，需验证身份。", _LINKED, 3 * _DAY
    ),
    Kind.ACCOUNT_BOUND: About(
        Audience.PATIENT,
        "您在${hospital}的就诊信息刚刚绑定了一个云胶片账号。如非本人操作，请联系医院。",
        _OF_HOSPITAL,
        _DAY,
    ),
    Kind.FAMILY_ADDED: About(
        Audience.PATIENT,
        "一位家属刚刚获准查看您在${hospital}的检查资料。您可以在云胶片中随时取消；如非您本人同意，请联系医院。",
        _OF_HOSPITAL,
        _DAY,
    ),
    Kind.FAMILY_FOURTEEN_SOON: About(
        Audience.PATIENT,
        "孩子将满14周岁。生日起须经其本人同意，家长才能查看在${hospital}的检查资料，可在云胶片或服务台办理。",
        _OF_HOSPITAL,
        7 * _DAY,
    ),
    Kind.FAMILY_FOURTEEN: About(
        Audience.PATIENT,
        "孩子已满14周岁。须经其本人同意，家长才能查看在${hospital}的检查资料，可在云胶片或服务台办理。",
        _OF_HOSPITAL,
        7 * _DAY,
    ),
    Kind.FAMILY_EIGHTEEN_SOON: About(
        Audience.PATIENT,
        "孩子将满18周岁。生日起家长不再能查看其在${hospital}的检查资料，本人可登录云胶片查看。",
        _OF_HOSPITAL,
        7 * _DAY,
    ),
    Kind.FAMILY_ENDS_SOON: About(
        Audience.PATIENT,
        "查看家属在${hospital}检查资料的授权即将到期。如需继续，请到医院服务台办理。",
        _OF_HOSPITAL,
        7 * _DAY,
    ),
    Kind.SHARE_OPENED: About(
        Audience.OWNER,
        "您分享的${hospital}检查资料刚刚被打开。您可以在云胶片中随时停止分享。",
        _OF_HOSPITAL,
        _DAY,
    ),
    Kind.SHARE_LOCKED: About(
        Audience.OWNER,
        "您分享的${hospital}检查资料因多次输错提取码已停止分享。如需继续，请在云胶片中重新分享。",
        _OF_HOSPITAL,
        _DAY,
    ),
    Kind.FEEDBACK_ANSWERED: About(
        Audience.OWNER, "${hospital}已回复您的反馈，请在云胶片的“反馈”中查看。", _OF_HOSPITAL, 3 * _DAY
    ),
    Kind.CRITICAL_VALUE: About(
        Audience.STAFF,
        "危急值提醒，编号${number}，${department}。请立即登录工作站查看并确认。",
        _TO_STAFF,
        _DAY,
        may_wait=False,
    ),
    Kind.BACK_TO_DEPARTMENT: About(
        Audience.STAFF, "编号${number}：请联系患者返回${department}。请登录工作站查看并确认。", _TO_STAFF, _DAY, may_wait=False
    ),
    Kind.EXTRA_IMAGES: About(
        Audience.STAFF, "编号${number}：${department}需要加拍。请登录工作站查看并确认。", _TO_STAFF, _DAY, may_wait=False
    ),
    Kind.MAINTENANCE: About(
        Audience.STAFF, "${hospital}云胶片服务将于${time}维护，届时可能无法访问。", frozenset({"hospital", "time"}), _DAY
    ),
    Kind.NOTICES_STOPPED: About(
        Audience.STAFF,
        "${hospital}一小时内的患者通知异常增多，已暂停发送。请管理员登录核对，再决定放行或取消。",
        _OF_HOSPITAL,
        _DAY,
    ),
}
REMINDERS = frozenset({Kind.CRITICAL_VALUE, Kind.BACK_TO_DEPARTMENT, Kind.EXTRA_IMAGES})
OPTIONAL = frozenset({Kind.REPORT_READY, Kind.REPORT_CORRECTED, Kind.SHARE_OPENED})  # the others warn: nobody turns them off
TO_STAFF = frozenset(kind.value for kind, about in ABOUT.items() if about.audience is Audience.STAFF)
TO_PATIENTS = frozenset(kind for kind, about in ABOUT.items() if about.audience is Audience.PATIENT)
SEVERAL = "您在${hospital}有${count}份检查报告已完成，点击 ${url} 查看，需验证身份。"  # of one visit, in one message
