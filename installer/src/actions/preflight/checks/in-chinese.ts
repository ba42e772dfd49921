import type { ChecksInWords } from "../../../targets/check.ts";

/** What the checks of every target say in Chinese. */
export const checksInChinese: ChecksInWords = {
  preflight: {
    "dns.resolves": { title: "域名及其子域名解析到本平台", why: "用户和服务都通过这些名称访问平台" },
    "external.reachable": {
      title: "每个外部存储都接受连接",
      why: "内置存储会让位于外部存储；外部存储不可用时，就没有任何存储可用",
    },
    "clock.sane": { title: "系统时间正确", why: "证书、令牌和签名都带有时间，时间错误会使它们失效" },
    "state-dir.usable": { title: "状态目录仅属于运行 Slipway 的用户", why: "其中存放密钥，能写入该目录的人就能控制整个平台" },
    "files.tls": {
      title: "TLS 文件可读、相互匹配、在有效期内并覆盖所有名称",
      why: "证书已过期或名称不符时，浏览器和服务会拒绝连接；证书无法读取时，网关无法启动",
    },
    "files.secrets": {
      title: "存放密钥的文件可读，且其他用户不可读",
      why: "密码无法读取，服务就会停止；人人可读的密码等于没有密码",
    },
  },
  live: {
    "live.readable": { title: "可以查看已安装的平台", why: "无法查看的平台出了故障也没有人知道" },
    "live.records": { title: "以此名称运行的平台的记录在本机", why: "没有记录，正在运行的平台会被当作尚未安装" },
    "live.complete": {
      title: "上次更改已全部完成",
      why: "即使各组件都在提供服务，安装失败或中断时未完成的工作也可能仍然缺失",
    },
    "live.health": { title: "每个已安装的组件都健康", why: "一个组件停止服务，依赖它的组件也会随之停止" },
    "live.drift": { title: "实际运行的内容与安装时一致", why: "手工更改会在下次安装时丢失，或导致安装失败" },
    "live.certificates": { title: "本次安装的证书都不会很快到期", why: "从到期之日起，浏览器和服务都会拒绝访问平台" },
    "live.secrets": {
      title: "记录的密钥就是平台正在使用的密钥",
      why: "缺少密钥就无法进行任何更改；被改动的密钥会由下次安装采用",
    },
    "live.secret-modes": { title: "密钥只有其所有者可读", why: "否则主机上的任何用户都能读取平台的密码" },
    "live.weak-secrets": { title: "没有过短的密钥，也没有众所周知的默认密钥", why: "攻击者首先尝试的就是这类密码" },
    "live.log-sizes": { title: "日志大小未超出限制", why: "不受限制的日志会占满磁盘" },
  },
};
