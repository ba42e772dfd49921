import type { ChecksInWords } from "../../check.ts";

/** What the checks say in Chinese. */
export const checksInChinese: ChecksInWords = {
  preflight: {
    "cluster.reachable": { title: "集群有响应，并能识别访问者的身份", why: "否则无法查看或执行任何其他操作" },
    "cluster.helm": { title: "helm 程序可用", why: "release 由 helm 应用，因此也可以用 helm 查看" },
    "cluster.version": { title: "集群的 Kubernetes 版本经过验证", why: "chart 使用了旧版 API server 不认识的字段" },
    "cluster.chart": {
      title: "helm 能用 chart 和 values 渲染出 release",
      why: "否则无法应用任何内容，也无法事先查看 release 的需求",
    },
    "cluster.rights": { title: "您拥有安装所需的全部权限", why: "缺少任何一项权限都会使安装中途停止" },
    "cluster.namespace": {
      title: "命名空间可用于本次安装",
      why: "若命名空间正在删除，或属于集群自身，安装会丢失，或破坏其他程序所需的内容",
    },
    "cluster.pod-security": {
      title: "命名空间的 PodSecurity 级别恰好允许平台的 Pod",
      why: "超出该级别的 Pod 在由工作负载创建时会被拒绝；级别过宽，则会放行不必要的操作",
    },
    "cluster.quota": { title: "命名空间的配额足够平台使用", why: "超出配额的 Pod 和 PVC 会在平台启动过程中逐个被拒绝" },
    "cluster.limits": {
      title: "命名空间的 LimitRange 不会禁止平台的 Pod 或 PVC",
      why: "超出其上下限的对象会在平台启动过程中被拒绝",
    },
    "cluster.capacity": {
      title: "节点有足够的资源运行平台",
      why: "没有节点可以调度的 Pod 会一直等待，依赖它的组件也随之等待",
    },
    "cluster.storage": { title: "有存储类来创建卷", why: "始终未绑定的 PVC 会阻塞其组件以及依赖该组件的一切" },
    "cluster.claims": { title: "配置中指定的 PVC 已存在", why: "如果无人创建该 PVC，Pod 会一直等待" },
    "cluster.pull-secrets": { title: "每个镜像拉取 Secret 都已存在", why: "需要认证的镜像仓库在没有它时不会提供镜像" },
    "cluster.priority-class": { title: "PriorityClass 已存在", why: "引用不存在的 PriorityClass 的 Pod 会被拒绝" },
    "cluster.gateway-class": {
      title: "集群有该 GatewayClass 以及 Gateway API 的资源类型",
      why: "没有控制器接管该类时，任何人都无法访问平台",
    },
    "cluster.metrics": {
      title: "启用自动扩缩时，集群会采集 Pod 的资源用量",
      why: "自动扩缩器得不到指标，就会让各组件停留在最少副本数",
    },
    "cluster.dns": {
      title: "cluster.dns 指定了集群内负责域名解析的 Pod",
      why: "网络策略只允许 Pod 向它们查询域名；无法解析域名，服务之间就找不到彼此",
    },
    "cluster.api-server": {
      title: "cluster.apiServer 允许任务访问 API server",
      why: "任务无法报告自己已完成，等待它的一切都会被阻塞",
    },
  },
  live: {
    "cluster.restarts": { title: "最近一小时内没有容器重新启动", why: "反复退出的容器在此期间无法提供服务" },
    "cluster.claims": { title: "每个 PVC 都已绑定且仍有空间", why: "存储没有卷就无法启动，卷写满则会在写入过程中停止" },
    "cluster.nodes": { title: "平台所在的节点状态良好", why: "资源紧张的节点会驱逐 Pod，未就绪的节点无法提供服务" },
  },
};
