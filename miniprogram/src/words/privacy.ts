// The privacy policy. What it says of this phone is done in worker/, of the rest in api/ and identity/: change both together.
import { page } from ".";

type Line = [name: string, text: string];

const zh = {
  privacyTitle: "隐私政策",
  privacyLead: "这里说明云胶片收集什么、为什么、保存多久、给谁看，您可以怎么办，有问题找谁。",
  privacyDate: "2026年11月21日起使用。内容有变化时，会请您重新阅读和同意。",
  parts: [
    {
      title: "收集什么，为什么",
      lines: [
        ["手机号", "用来登录、确认是您本人，并通知您报告出来了。"],
        ["姓名和证件号、就诊卡号", "只在您绑定时填写，用来找到您在医院的检查。号码加密保存，页面上只显示几位。"],
        ["检查信息、报告、胶片、影像", "由医院提供，用来给您查看、下载和分享。它们是敏感个人信息，每次查看都有记录。"],
        ["微信或支付宝的账号标识", "只在您用微信、支付宝登录或接收通知时使用。"],
        ["设备种类和网络地址", "用来记录谁看过您的资料、发现别人登录您的账号。不读取位置、通讯录、相册和剪贴板。"],
        ["您写的反馈", "用来处理您的问题。"],
      ] as Line[],
    },
    {
      title: "保存多久",
      lines: [
        ["检查资料", "由医院依法保存：门诊至少 15 年，住院至少 30 年。"],
        ["账号资料", "到您注销为止。登录 30 天后自动退出，验证码 10 分钟后失效。"],
        ["查看记录", "至少 3 年。"],
      ] as Line[],
    },
    {
      title: "存在这部手机上的",
      lines: [
        ["", "只有您登录时勾选“记住我”，看过的列表、报告和胶片才会存在这个浏览器里，没有网络时也能看。"],
        ["", "退出登录、换人登录，或满 30 天，就会删除。影像、验证码和密码从不存在手机上。"],
      ] as Line[],
    },
    {
      title: "给谁看",
      lines: [
        ["您自己", "和您同意的家人、您分享给的人。给谁看、看多久由您决定，随时可以停止。"],
        ["医院", "为您诊疗的人员。医院是这些资料的负责人，云胶片受医院委托提供服务。"],
        ["短信、微信、支付宝", "只为把通知送到您手上：内容只有医院名称和“报告已完成”一类的话，没有检查结果。"],
        ["", "不出售，不用于广告。未经您同意，不提供给其他人。"],
      ] as Line[],
    },
    {
      title: "您可以",
      lines: [
        ["查看和导出", "谁看过、您的账号资料，都可以随时查看；账号资料可以导出。"],
        ["更正", "信息不对，可以在“反馈问题”里告诉医院。"],
        ["撤回和注销", "在“设置”里解除绑定、关闭通知、撤回同意、注销账号。撤回不影响就医。"],
        ["未满 14 周岁", "请由监护人阅读并同意；满 14 周岁后由本人同意，家长才能继续查看。"],
      ] as Line[],
    },
    {
      title: "有问题找谁",
      lines: [["", "打下面的医院电话，或在“反馈问题”里写给医院，医院会答复您。"]] as Line[],
    },
  ],
};

const en: typeof zh = {
  privacyTitle: "Privacy policy",
  privacyLead: "What is collected and why, how long it stays, who sees it, what you can do, and whom to ask.",
  privacyDate: "In force since 21 November 2026. When it changes, you will be asked again.",
  parts: [
    {
      title: "What is collected, and why",
      lines: [
        ["Your phone number", "to sign you in, to make sure it is you, and to tell you that a report is ready."],
        ["Name and card numbers", "only what you type when you bind them, to find your exams. They are encrypted and shown in part."],
        ["Exams, reports, films, images", "from the hospital, for you to see, download and share. They are sensitive; every look is on record."],
        ["Your WeChat or Alipay identity", "only when you sign in or get messages by them."],
        ["Kind of device and network address", "to record who looked, and to notice strangers. No location, contacts, albums or clipboard is read."],
        ["Your feedback", "to deal with it."],
      ],
    },
    {
      title: "How long it stays",
      lines: [
        ["Exams", "are kept by the hospital as the law asks: at least 15 years, of inpatients 30 years."],
        ["Your account", "until you give it up. A login ends after 30 days, a code after 10 minutes."],
        ["The record of looks", "at least 3 years."],
      ],
    },
    {
      title: "What lies on this phone",
      lines: [
        ["", "Only where you ticked “Remember me”, lists, reports and films that you saw stay in this browser, to be read without a network."],
        ["", "They go when you sign out, when somebody else signs in, or after 30 days. Images, codes and passwords are never kept."],
      ],
    },
    {
      title: "Who sees it",
      lines: [
        ["You", "and the family and people to whom you allow it. You decide for how long, and can stop it at any time."],
        ["The hospital", "and those who treat you. It is responsible for your data; Cloudfilm works on its behalf."],
        ["Carriers of messages", "only to reach you: the hospital's name and words such as “a report is ready”, never a result."],
        ["", "Nothing is sold or used for advertising, nor given to others without your consent."],
      ],
    },
    {
      title: "What you can do",
      lines: [
        ["See and export", "who looked, and your account."],
        ["Correct", "tell the hospital under “Report a problem”."],
        ["Take back", "in the settings: unbind, turn messages off, withdraw consent, give up the account. Your treatment does not depend on it."],
        ["Children under 14", "a guardian reads and agrees; from 14 on the child agrees before parents can go on looking."],
      ],
    },
    {
      title: "Whom to ask",
      lines: [["", "Ring the hospital below, or write to it under “Report a problem”; it will answer."]],
    },
  ],
};

export const privacyWords = page(zh, en);
