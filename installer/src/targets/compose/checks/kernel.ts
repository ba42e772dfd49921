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

export const kernelChecks: readonly ComposeCheck[] = [kernelLimits, confinement];
