// What signing in says.
import { page } from ".";

const zh = {
  elder: "大字",
  elderOn: "切换到大字",
  elderOff: "恢复标准字",
  loginTitle: "登录后查看检查资料",
  loginWhy: "为保护隐私，请用您在医院留的手机号登录。没有账号也可以直接登录。",
  phone: "手机号",
  phoneWrong: "这不是可以接收短信的手机号，请检查后再试。",
  sendCode: "获取验证码",
  codeTitle: "输入验证码",
  codeSent: (phone: string) => `验证码已发送到 ${phone}，10 分钟内有效。`,
  code: "6 位验证码",
  codeWrong: "验证码不对或已失效，请重新获取。",
  enter: "登录并查看",
  otherPhone: "换一个手机号",
  sendAgain: "没收到？重新获取",
  sendAgainIn: (seconds: number) => `没收到？${seconds} 秒后可重新获取`,
  remember: "记住我：30 天内在这部手机上不用再登录",
  rememberAndKeep: "记住我：30 天内在这部手机上不用再登录，看过的内容没有网络也能看。别人也用的手机请不要勾选。",
  consent: "我已阅读并同意《隐私政策》：手机号只用来确认是您本人、找到您在医院的检查资料，不作他用。",
  consentFirst: "请先阅读并勾选上面的隐私政策。",
  privacyOpen: "阅读隐私政策",
  byWechat: "微信登录",
  byAlipay: "支付宝登录",
  otherWayFailed: "这次没有登录成功，请再试一次，或用手机号登录。",
};

const en: typeof zh = {
  elder: "Large type",
  elderOn: "Switch to large type",
  elderOff: "Back to normal type",
  loginTitle: "Sign in to see your exams",
  loginWhy: "To protect your privacy, sign in with the phone number that the hospital knows. No account is needed.",
  phone: "Phone number",
  phoneWrong: "This number cannot receive text messages. Please check it.",
  sendCode: "Send code",
  codeTitle: "Enter the code",
  codeSent: (phone) => `A code was sent to ${phone}. It is good for 10 minutes.`,
  code: "6-digit code",
  codeWrong: "The code is wrong or no longer valid. Please get a new one.",
  enter: "Sign in",
  otherPhone: "Use another number",
  sendAgain: "Nothing came? Send again",
  sendAgainIn: (seconds) => `Nothing came? Send again in ${seconds} s`,
  remember: "Remember me: stay signed in on this phone for 30 days",
  rememberAndKeep:
    "Remember me: stay signed in on this phone for 30 days, and read without a network what was seen. Not for a phone that others use.",
  consent: "I have read and agree to the privacy policy: my number is only used to make sure it is me and to find my exams.",
  consentFirst: "Please read and tick the privacy policy above first.",
  privacyOpen: "Read the privacy policy",
  byWechat: "Sign in with WeChat",
  byAlipay: "Sign in with Alipay",
  otherWayFailed: "That did not work. Please try again, or use your phone number.",
};

export const loginWords = page(zh, en);
