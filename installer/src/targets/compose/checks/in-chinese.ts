import type { ChecksInWords } from "../../check.ts";

/** What the checks say in Chinese. */
export const checksInChinese: ChecksInWords = {
  preflight: {
    "engine.reachable": { title: "Docker 引擎有响应", why: "所有服务都在它的容器中运行" },
    "engine.version": {
      title: "Docker 引擎为 24 或更高版本，建议 26",
      why: "更早的版本不支持服务启动期间的健康检查间隔，也不再获得安全修复",
    },
    "engine.compose": { title: "docker compose 为 2.24 或更高版本", why: "容器由它创建" },
    "engine.buildx": { title: "需要构建镜像时，docker buildx 已安装", why: "自有镜像由它构建" },
    "engine.storage-driver": {
      title: "引擎的存储驱动支持共享镜像层",
      why: "vfs 驱动会完整复制每一层：磁盘占用成倍增加，启动缓慢",
    },
    "engine.cgroup": { title: "内存和进程数限制有效", why: "否则一个失控的服务会拖垮整台主机" },
    "engine.users": { title: "容器中的用户就是主机上的用户", why: "每个服务从只属于自己用户的文件中读取密码" },
    "engine.clock": {
      title: "引擎的时间与本机一致",
      why: "否则在本机签发的证书在引擎一侧尚未生效，引擎一侧产生的签名和令牌在其他地方会被拒绝",
    },
    "resources.memory": { title: "内存足够所有组件使用", why: "得不到内存的组件会反复被内核终止" },
    "resources.cpu": { title: "处理器足够所有组件使用", why: "容器的处理器上限超过主机的处理器数时，引擎会拒绝创建" },
    "resources.disk": {
      title: "磁盘空间足够存放镜像、数据和记录",
      why: "磁盘写满时所有存储同时停止，数据库可能正写到一半",
    },
    "resources.inodes": {
      title: "磁盘可以容纳大量小文件",
      why: "Git 仓库和镜像层由大量小文件组成；inode 用尽的磁盘就等于写满",
    },
    "ports.bindable": { title: "每个对外发布的端口在其地址上都空闲", why: "端口被占用时，引擎无法启动容器" },
    "networks.free-addresses": {
      title: "引擎有可用的地址段分配给平台的网络",
      why: "每个网络占用为数不多的地址段之一，且不能与其他网络或主机路由重叠",
    },
    "networks.bridges": {
      title: "引擎的网络都有对应的网桥",
      why: "缺少网桥时，即使引擎仍显示该网络，其中的容器也无法通信，并且无法构建镜像",
    },
    "data-dir.usable": { title: "数据目录可以存放服务的数据", why: "存储需要支持文件属主、且重启后内容仍在的文件系统" },
    "data-dir.unmoved": {
      title: "数据目录就是数据所在的位置",
      why: "卷会留在创建时的位置，而记录会指向没有数据的地方",
    },
    "data-dir.empty": {
      title: "数据目录中没有其他程序的内容",
      why: "存储会把不是自己写入的文件当成自己的，或者根本无法启动",
    },
    "install.name-free": { title: "没有其他安装使用此名称", why: "两个同名的安装会互相占用对方的容器和卷" },
    "images.unavailable": {
      title: "每个镜像都已存在，或可以构建、拉取",
      why: "没有镜像的组件无法运行，最好在启动任何服务之前就知道",
    },
    "kernel.limits": { title: "内核限制足够宽松", why: "内核拒绝提供文件、进程或连接时，服务会以难以理解的方式停止" },
    "kernel.confinement": {
      title: "容器受 seccomp 以及 AppArmor 或 SELinux 约束",
      why: "它们防止被攻破的容器危及主机",
    },
    "external.services": {
      title: "每个外部服务都能与平台配合工作",
      why: "版本不符、权限不足或时间不一致要到用户使用时才会暴露，或使安装中途停止",
    },
    "engine.exposed": { title: "只有获准的人才能操作引擎", why: "能访问引擎 API 的人无需密码就相当于主机上的 root" },
    "engine.forwarding": { title: "主机会把数据包转发给容器", why: "否则外部无法访问容器，容器也无法访问外部" },
    "engine.at-boot": {
      title: "引擎随主机一起启动",
      why: "否则下次重启后，在有人登录并手动启动之前，一切都处于停止状态",
    },
    "engine.directories": {
      title: "引擎能看到本机的目录",
      why: "容器从状态目录读取文件；引擎看不到的目录，容器中就是空的",
    },
    "engine.proxy": {
      title: "引擎的代理不拦截内网的镜像仓库",
      why: "通往外网的代理不认识内网地址，拉取镜像会全部失败",
    },
    "engine.plain-registry": { title: "镜像经由无法篡改的连接传输", why: "中间人可以把平台的程序换成别的程序" },
    "kernel.overcommit": {
      title: "程序可以申请多于实际使用的内存",
      why: "数据库会派生与自身同样大小的进程，运行时会预留用不到的空间：二者都会被拒绝",
    },
    "kernel.connections": { title: "内核还能容纳更多连接", why: "连接表写满后，新连接会被丢弃，双方都得不到任何提示" },
  },
  live: {
    "live.container-logs": { title: "容器日志大小未超出限制", why: "不受限制的日志会占满磁盘" },
    "live.engine": {
      title: "当前引擎就是安装平台时的引擎",
      why: "环境变量、上下文或数据目录不同，会连到没有此平台的引擎，在那里安装就会从头开始",
    },
    "live.restarts": {
      title: "最近一小时内没有组件重新启动",
      why: "反复退出的组件在间隙中看起来健康，却没有为任何人提供服务",
    },
    "live.memory-kills": {
      title: "内核没有因内存不足终止组件的进程",
      why: "服务器在某个工作进程被终止后仍会继续运行，用户的操作则时好时坏",
    },
    "live.images": {
      title: "引擎中仍有平台的每个镜像",
      why: "清理操作会删除任务的镜像，因为平时没有容器使用它们：下次备份或重启就会失败",
    },
    "live.image-tags": {
      title: "镜像名称指向的就是正在运行的镜像",
      why: "名称被指给另一个镜像后，下次更改会在无人要求的情况下把它带入平台",
    },
    "live.read-only": {
      title: "引擎可以写入自己的磁盘",
      why: "磁盘出错后内核不再允许写入，而正在运行的程序还会继续运行一段时间",
    },
    "live.backup-apart": { title: "备份与数据不在同一块磁盘上", why: "磁盘损坏时，数据和备份会一起丢失" },
    "live.pressure": {
      title: "主机的内存和磁盘没有处于紧张状态",
      why: "否则健康检查会超时，看上去就像所有组件同时出了故障",
    },
  },
};
