/** Every exit code the program can end with, with its code name, class and meaning, which `zh` says in Chinese. The docs page is generated from it. */
export const exitCodes = [
  {
    exit: 0,
    code: "OK",
    errorClass: "-",
    when: "the change happened, or there was nothing to do",
    zh: "更改已完成，或者无需更改",
  },
  {
    exit: 1,
    code: "INTERNAL",
    errorClass: "InternalError",
    when: "a defect of Slipway; the log file has the stack trace",
    zh: "Slipway 自身的缺陷；日志文件中有调用栈",
  },
  { exit: 2, code: "USAGE", errorClass: "UsageError", when: "wrong flags or arguments", zh: "选项或参数有误" },
  {
    exit: 3,
    code: "VALUES_INVALID",
    errorClass: "ValuesError",
    when: "the values break the schema or a rule between fields; every problem is listed",
    zh: "配置不符合 schema，或违反字段之间的规则；会列出全部问题",
  },
  {
    exit: 4,
    code: "PREFLIGHT_FAILED",
    errorClass: "PreflightError",
    when: "host, Docker, disk, ports or versions are not ready, or doctor found failures; nothing was changed",
    zh: "主机、Docker、磁盘、端口或版本不满足要求，或者 doctor 发现了失败项；未做任何更改",
  },
  {
    exit: 5,
    code: "RENDER_FAILED",
    errorClass: "RenderError",
    when: "the plan cannot be expressed on this target",
    zh: "该部署目标无法实现此计划",
  },
  {
    exit: 6,
    code: "APPLY_FAILED",
    errorClass: "ApplyError",
    when: "the engine refused a change or a command failed; says which component and what was already applied",
    zh: "引擎拒绝了某项更改，或某个命令执行失败；会说明涉及哪个组件、哪些更改已经生效",
  },
  {
    exit: 7,
    code: "ROLLOUT_TIMEOUT",
    errorClass: "TimeoutError",
    when: "a component was not healthy before the deadline, or status found one unhealthy",
    zh: "某个组件在期限之前未达到健康状态，或者 status 发现有组件不健康",
  },
  {
    exit: 8,
    code: "BUNDLE_INVALID",
    errorClass: "BundleError",
    when: "a bundle is unsigned, signed by a key that is not trusted, damaged, incomplete, or for another platform or base",
    zh: "离线包未签名、签名密钥不受信任、已损坏、不完整，或者适用于其他平台或其他基础包",
  },
  {
    exit: 9,
    code: "REDACTION_FAILED",
    errorClass: "RedactionError",
    when: "a support bundle still held a secret, or could not be looked through for one; it was deleted",
    zh: "支持包中仍含有机密信息，或无法检查其中是否含有机密信息；该支持包已删除",
  },
  {
    exit: 10,
    code: "ABORTED",
    errorClass: "AbortError",
    when: "a question was declined, or needed an answer without a terminal",
    zh: "某个确认问题被拒绝，或者需要回答问题但没有终端",
  },
  {
    exit: 12,
    code: "WIRE_FAILED",
    errorClass: "WireError",
    when: "verify found a connection that does not work",
    zh: "verify 发现有连接不通",
  },
  {
    exit: 13,
    code: "REGISTRY_FAILED",
    errorClass: "RegistryError",
    when: "a registry refused a push or a pull",
    zh: "镜像仓库拒绝了推送或拉取",
  },
  {
    exit: 14,
    code: "PLAN_CHANGED",
    errorClass: "PlanChangedError",
    when: "the plan is not the one that was agreed, or plan --exit-code found changes, or status --drift something that is not as it was installed",
    zh: "计划与已确认的不一致；或者 plan --exit-code 发现有更改，或 status --drift 发现有内容与安装时不一致",
  },
  {
    exit: 15,
    code: "DATA_EXPECTED",
    errorClass: "DataExpectedError",
    when: "a store is empty where data was recorded",
    zh: "记录中有数据的存储现在是空的",
  },
  {
    exit: 75,
    code: "LOCKED",
    errorClass: "LockedError",
    when: "another run holds the lock; it is named",
    zh: "另一个运行持有锁；会说明是哪一个",
  },
  {
    exit: 130,
    code: "INTERRUPTED",
    errorClass: "InterruptedError",
    when: "Ctrl-C; the step in hand was finished or undone",
    zh: "按下了 Ctrl-C；正在执行的步骤已完成或已撤销",
  },
] as const;

export type ErrorCode = (typeof exitCodes)[number]["code"];

/** The exit status of an error code. */
export function exitStatusOf(code: ErrorCode): number {
  return exitCodes.find((row) => row.code === code)?.exit ?? 1;
}
