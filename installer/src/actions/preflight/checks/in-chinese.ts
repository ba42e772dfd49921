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
    "state-dir.usable": {
      title: "状态目录仅属于运行 Slipway 的用户",
      why: "其中存放密钥，能写入该目录的人就能控制整个平台",
    },
    "files.tls": {
      title: "TLS 文件可读、相互匹配、在有效期内并覆盖所有名称",
      why: "证书已过期或名称不符时，浏览器和服务会拒绝连接；证书无法读取时，网关无法启动",
    },
    "files.secrets": {
      title: "存放密钥的文件可读，且其他用户不可读",
      why: "密码无法读取，服务就会停止；人人可读的密码等于没有密码",
    },
    "files.known-defaults": {
      title: "给定的密钥都不是众所周知的默认值",
      why: "这类密码和密钥最先被尝试；产品自带的默认值人人都知道",
    },
    "domain.browsers": {
      title: "浏览器和系统把该域名当作普通域名处理",
      why: "某些后缀有特殊含义：平台虽在运行，却没有人能访问",
    },
    "state-dir.local": {
      title: "状态目录位于本机磁盘上",
      why: "在网络文件系统上，锁可能无效，两条命令会同时更改平台；网络中断时则什么也改不了",
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
    "live.key-pairs": {
      title: "在此签发的每个证书都有与之配对的私钥",
      why: "私钥与证书不匹配时服务无法启动，例如只恢复了两个文件中的一个",
    },
    "live.issuer": {
      title: "在此签发的证书由交给用户的证书颁发机构签名",
      why: "信任该机构的人会拒绝由其他机构签名的证书",
    },
    "live.disk-space": {
      title: "存储所在的磁盘还有空间",
      why: "用户仍在上传；磁盘写满会使其上的所有存储在写入途中停止",
    },
    "live.rotation": { title: "没有尚待替换的密钥", why: "要求替换密钥的人认为旧密钥已经失效，而平台仍在使用它" },
    "live.restore": {
      title: "没有中途停止的恢复",
      why: "只恢复了一部分的平台看起来与完整的平台一样，用户会在上面继续工作",
    },
    "live.upgrade": {
      title: "没有中途停止的升级，也没有长期未确认的升级",
      why: "未完成的升级会阻止其他任何更改；为回退而保留的副本与数据占用同样大的空间，而其价值逐日降低",
    },
    "live.drill-left": { title: "没有演练留下的平台", why: "第二个平台会占用原平台的内存和磁盘，并保存着一份数据副本" },
    "live.leftovers": {
      title: "被中断的命令没有留下任何东西",
      why: "不再需要的内容会继续占用内存，并可能按旧的定义提供服务",
    },
    "live.backup-age": { title: "有备份，且不早于一天前", why: "机器或集群损坏时，最近一次备份之后的所有工作都会丢失" },
    "live.backup-proof": { title: "8 天内曾把备份试恢复到临时位置", why: "从未恢复过的备份，到需要时可能并不可用" },
    "live.backup-drill": {
      title: "在进行演练的平台上，最近一次演练不早于 35 天前",
      why: "备份包含每个部分，并不说明能由它恢复出完整的平台",
    },
    "live.backup-log": {
      title: "数据库的预写日志已得到保存",
      why: "日志归档停滞时，无法恢复到最近一次备份之后的任何时刻，且日志会占满磁盘",
    },
    "live.backup-runs": {
      title: "各类备份操作最近一次均正常结束",
      why: "夜间任务失败时没有人知道，最后一个可用的备份会越来越旧",
    },
    "live.backup-directory": {
      title: "备份目录中存有备份",
      why: "磁盘未挂载时，下一次备份会写到挂载点下面的磁盘，其他备份则无法读取",
    },
    "live.timers": {
      title: "本平台的定时器正在工作",
      why: "被关闭的定时器，或程序已被移走的定时器，既不会创建备份，也不会清理，且不会给出任何提示",
    },
  },
};
