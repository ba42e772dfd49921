import type { CheckFinding } from "../../check.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";

interface Limit {
  readonly path: string;
  readonly least: number;
  readonly why: string;
}

const limits: readonly Limit[] = [
  { path: "fs/file-max", least: 200_000, why: "all programs together open many files" },
  { path: "fs/inotify/max_user_instances", least: 128, why: "services watch their configuration" },
  { path: "net/core/somaxconn", least: 512, why: "connections queue there under load" },
  { path: "kernel/pid_max", least: 16_384, why: "every thread takes a number" },
];

const kernelLimits: ComposeCheck = {
  id: "kernel.limits",
  title: "the kernel's limits are wide enough",
  why: "services stop in odd ways when the kernel refuses them files, processes or connections",
  severity: "warning",
  run: async ({ fs }) => {
    const findings = await Promise.all(
      limits.map(async ({ path, least, why }): Promise<readonly CheckFinding[]> => {
        const text = await fs.readTextIfPresent(`/proc/sys/${path}`).catch(() => undefined);
        const value = Number(text?.trim() ?? Number.NaN);
        if (!(value < least)) return [];
        const name = path.replaceAll("/", ".");
        return [
          {
            message: `${name} is ${value}: ${why}`,
            remedy: `sysctl -w ${name}=${least}, and the same line in /etc/sysctl.d`,
          },
        ];
      }),
    );
    return findings.flat();
  },
};

const confinement: ComposeCheck = {
  id: "kernel.confinement",
  title: "containers are confined by seccomp, and by AppArmor or SELinux",
  why: "they keep a broken-into container from reaching the host",
  severity: "warning",
  run: async (context) => {
    const options = engineInfo(context)?.securityOptions;
    if (options === undefined) return [];
    const has = (name: string): boolean => options.some((option) => option.includes(name));
    const findings: CheckFinding[] = [];
    if (!has("seccomp")) {
      findings.push({
        message: "the engine runs containers without seccomp",
        remedy: "use a kernel and an engine with seccomp, and its default profile",
      });
    }
    if (has("selinux") && (await isEnforcing(context))) {
      const { dataDir } = context.plan.settings;
      const places = [stateLayout(context.stateDir).live, ...(dataDir === undefined ? [] : [dataDir])].join(" ");
      findings.push({
        message: "SELinux is enforcing, and containers may read only what is labelled for them",
        remedy: `label what they mount: mkdir -p ${places}; chcon -Rt container_file_t ${places}`,
      });
    }
    return findings;
  },
};

async function isEnforcing({ fs }: ComposeCheckContext): Promise<boolean> {
  return (await fs.readTextIfPresent("/sys/fs/selinux/enforce").catch(() => undefined))?.trim() === "1";
}

const overcommit: ComposeCheck = {
  id: "kernel.overcommit",
  title: "programs may ask for more memory than they use",
  why: "databases start processes of their own size, and runtimes set room aside that they never use: both are refused",
  severity: "warning",
  run: async ({ fs }) => {
    const mode = await fs.readTextIfPresent("/proc/sys/vm/overcommit_memory").catch(() => undefined);
    if (mode?.trim() !== "2") return [];
    return [
      {
        message: "vm.overcommit_memory is 2: the kernel refuses memory that may never be used",
        remedy: "sysctl -w vm.overcommit_memory=0, and the same line in /etc/sysctl.d",
      },
    ];
  },
};

const fullPercent = 80;

/** Every published connection, and every one that a container makes to the outside, takes a place there. */
const connections: ComposeCheck = {
  id: "kernel.connections",
  title: "the kernel has room for more connections",
  why: "once its table is full, new connections are dropped without a word to either side",
  severity: "warning",
  run: async ({ fs }) => {
    const [count, most] = await Promise.all(
      ["count", "max"].map(async (name) =>
        Number(
          (await fs.readTextIfPresent(`/proc/sys/net/netfilter/nf_conntrack_${name}`).catch(() => undefined)) ?? 0,
        ),
      ),
    );
    if (count === undefined || most === undefined || !(most > 0) || count * 100 < most * fullPercent) return [];
    return [
      {
        message: `${count} of ${most} places in the kernel's table of connections are taken`,
        remedy: `sysctl -w net.netfilter.nf_conntrack_max=${most * 2}, and the same line in /etc/sysctl.d; conntrack -L shows whose they are`,
      },
    ];
  },
};

export const kernelChecks: readonly ComposeCheck[] = [kernelLimits, confinement, overcommit, connections];
