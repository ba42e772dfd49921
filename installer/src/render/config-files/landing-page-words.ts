import type { Component, Zone } from "../../plan/model.ts";

/** What is said of a component that does not serve yet. */
export type Pending = "coming" | "starting" | "failed";

interface Told {
  readonly heading: string;
  readonly lead: (serving: number, all: number, statusCommand: string) => string;
}

/** The words of the page in one language. */
export interface Words {
  readonly title: string;
  readonly description: string;
  readonly skip: string;
  readonly otherLanguage: { readonly name: string; readonly tag: string; readonly path: string };
  readonly heading: string;
  readonly lead: (installed: number) => string;
  /** While components are on their way, and when a run ended before they all served. */
  readonly coming: Told;
  readonly stopped: Told;
  readonly pending: Readonly<Record<Pending, string>>;
  readonly asOf: (time: string) => string;
  readonly addresses: string;
  readonly addressesNote: string;
  readonly noAddresses: string;
  readonly firstSignIn: string;
  readonly user: string;
  readonly passwordBy: string;
  readonly whereToRun: string;
  readonly noLogin: string;
  readonly externalLogin: string;
  readonly authority: string;
  readonly components: string;
  readonly zones: Readonly<Record<Zone, string>>;
  readonly presence: Readonly<Record<Component["presence"], string>>;
  readonly commands: string;
  /** Command lines about an install, without the program and its name. */
  readonly commandList: readonly { readonly words: string; readonly meaning: string }[];
  readonly docs: string;
  readonly staticNote: string;
  readonly profile: string;
  readonly install: string;
}

const english: Words = {
  title: "Slipway",
  description: "What is installed on this platform, where it is reached and how to sign in.",
  skip: "Skip to content",
  otherLanguage: { name: "中文", tag: "zh-CN", path: "/zh/" },
  heading: "The groundwork of your platform is in place.",
  lead: (installed) =>
    `Slipway installed ${installed === 1 ? "one service" : `${installed} services`} here from one values file. When the portal is installed, it takes the place of this page.`,
  coming: {
    heading: "Your platform is coming up.",
    lead: (serving, all) =>
      `${serving} of ${all} services serve. The others follow as soon as they can; this page looks again by itself.`,
  },
  stopped: {
    heading: "Your platform is not complete.",
    lead: (serving, all, statusCommand) =>
      `The last run ended when ${serving} of ${all} services served. The same command goes on where it stopped; ${statusCommand} says what runs now.`,
  },
  pending: { coming: "Still coming", starting: "Starting", failed: "Failed" },
  asOf: (time) => `As of ${time}.`,
  addresses: "Addresses",
  addressesNote: "Where people and programs reach the platform.",
  noAddresses: "Nothing is reached from outside yet.",
  firstSignIn: "First sign-in",
  user: "User",
  passwordBy: "Password",
  whereToRun:
    "Run the command where Slipway was installed. The password was made for this platform alone; change it after the first sign-in.",
  noLogin: "No login component installed.",
  externalLogin: "Sign in with an account of the login service that this platform uses.",
  authority:
    "The certificate comes from the platform’s own authority. This writes it to a file that browsers and systems can trust:",
  components: "Components",
  zones: { edge: "Way in", app: "Services", data: "Data" },
  presence: { embedded: "Installed", external: "External", off: "Not installed" },
  commands: "At the command line",
  commandList: [
    { words: "status", meaning: "see what runs now" },
    { words: "verify", meaning: "prove every connection" },
    { words: "logs COMPONENT", meaning: "read what a component says" },
    { words: "doctor", meaning: "look for causes of trouble" },
  ],
  docs: "The documentation comes with Slipway, in its docs folder; docs/values.md explains every setting.",
  staticNote: "Written at install time. It shows what was installed, not how it fares now.",
  profile: "Profile",
  install: "Install",
};

const chinese: Words = {
  title: "Slipway",
  description: "本平台安装了哪些组件、如何访问以及如何登录。",
  skip: "跳到正文",
  otherLanguage: { name: "English", tag: "en", path: "/" },
  heading: "平台的基础设施已就位。",
  lead: (installed) => `Slipway 根据一份配置文件在此安装了 ${installed} 个服务。安装门户之后，门户将取代本页。`,
  coming: {
    heading: "平台正在启动。",
    lead: (serving, all) => `${all} 个服务中已有 ${serving} 个就绪，其余服务将陆续就绪。本页会自动刷新。`,
  },
  stopped: {
    heading: "平台尚未完整。",
    lead: (serving, all, statusCommand) =>
      `上次运行结束时，${all} 个服务中有 ${serving} 个就绪。再次执行同一命令即可继续；${statusCommand} 显示当前运行情况。`,
  },
  pending: { coming: "等待中", starting: "启动中", failed: "失败" },
  asOf: (time) => `截至 ${time}。`,
  addresses: "访问地址",
  addressesNote: "用户和程序由此访问平台。",
  noAddresses: "目前没有对外的访问地址。",
  firstSignIn: "首次登录",
  user: "用户名",
  passwordBy: "密码",
  whereToRun: "请在安装 Slipway 的机器上运行此命令。该密码仅为本平台生成，首次登录后请修改。",
  noLogin: "未安装登录组件。",
  externalLogin: "请使用本平台所连接的登录服务中的账号登录。",
  authority: "证书由平台自己的证书机构签发。以下命令将其导出为文件，供浏览器和系统信任：",
  components: "组件",
  zones: { edge: "入口", app: "服务", data: "数据" },
  presence: { embedded: "已安装", external: "外部", off: "未安装" },
  commands: "命令行",
  commandList: [
    { words: "status", meaning: "查看当前运行情况" },
    { words: "verify", meaning: "验证每一条连接" },
    { words: "logs COMPONENT", meaning: "查看组件日志" },
    { words: "doctor", meaning: "查找问题原因" },
  ],
  docs: "文档随 Slipway 提供，位于其 docs 目录；docs/values.md 说明每一项设置。",
  staticNote: "本页在安装时生成，说明安装了什么，不反映当前状态。",
  profile: "配置方案",
  install: "安装名称",
};

export function wordsOf(language: "en" | "zh"): Words {
  return language === "en" ? english : chinese;
}
