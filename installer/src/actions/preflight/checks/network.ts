import { exampleName, isIpv4, isIpv6, isLoopbackName } from "../../../values/host-names.ts";
import { parseLocalIpv4, parseLocalIpv6 } from "../../../targets/host/addresses.ts";
import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";

const resolvable: Check = {
  id: "dns.resolves",
  title: "the domain and its sub-domains lead to the platform",
  why: "people and services reach the platform by these names",
  severity: "warning",
  run: async (context) => {
    // Where the platform is elsewhere its addresses are not known here.
    const own = context.isElsewhere === true ? [] : await ownAddresses(context);
    const names = [
      ...new Set([context.plan.settings.domain, ...context.plan.listeners.map((listener) => listener.host)]),
    ];
    const findings = await Promise.all(
      names.filter((name) => !isLoopbackName(name)).map((name) => checkName(context, name, own)),
    );
    return findings.flat();
  },
};

async function checkName(
  context: CheckContext,
  name: string,
  own: readonly string[],
): Promise<readonly CheckFinding[]> {
  if (isIpv4(name) || isIpv6(name)) {
    if (own.length === 0 || own.includes(name)) return [];
    return [
      {
        message: `${name} is not an address of this host`,
        remedy: "fine behind address translation; otherwise set domain to one of the host's own",
      },
    ];
  }
  const addresses = await context.host.resolve(exampleName(name)).catch(() => []);
  if (addresses.length === 0) {
    return [
      {
        message: `${name} does not resolve`,
        remedy: name.startsWith("*")
          ? "make a wildcard record in DNS for it; a hosts file has none"
          : "make a DNS record for it, or a line in /etc/hosts of every machine that uses it",
      },
    ];
  }
  if (own.length === 0 || addresses.some((address) => own.includes(address))) return [];
  return [
    {
      message: `${name} leads to ${addresses.join(", ")}, which is not this host`,
      remedy: "fine behind a load balancer or address translation; otherwise correct the DNS record",
    },
  ];
}

async function ownAddresses({ fs }: CheckContext): Promise<readonly string[]> {
  const [trie, inet6] = await Promise.all([
    fs.readTextIfPresent("/proc/net/fib_trie").catch(() => undefined),
    fs.readTextIfPresent("/proc/net/if_inet6").catch(() => undefined),
  ]);
  return [...parseLocalIpv4(trie ?? ""), ...parseLocalIpv6(inet6 ?? "")];
}

const externalReachable: Check = {
  id: "external.reachable",
  title: "every store elsewhere accepts connections",
  why: "an embedded store gives way to the one elsewhere; when that is not there, nothing is",
  severity: "failure",
  run: async ({ plan, host, isElsewhere }) => {
    const endpoints = plan.components.flatMap(({ id, presence, endpoints }) =>
      endpoints.flatMap(({ externalHost, port }) =>
        externalHost === undefined ? [] : [{ id, presence, externalHost, port }],
      ),
    );
    const findings = await Promise.all(
      endpoints.map(async ({ id, presence, externalHost, port }) => {
        const error = await host.connectError(externalHost, port);
        if (error === undefined) return [];
        const finding = unreachable(id, `${externalHost}:${port}`, error);
        // Whether the platform reaches it this machine cannot tell; and what runs here serves without it.
        return isElsewhere === true || presence !== "external"
          ? [{ ...finding, severity: "warning" as const }]
          : [finding];
      }),
    );
    return findings.flat();
  },
};

function unreachable(component: string, address: string, error: string): CheckFinding {
  // Names without a dot are often those of containers, which only the platform's networks know.
  if (["ENOTFOUND", "EAI_AGAIN"].includes(error) && !address.includes(".")) {
    return {
      severity: "warning",
      component,
      message: `${component} at ${address} is no name that this host knows`,
      remedy: "fine when it is the name of a container in the platform's network; else correct it in the values",
    };
  }
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: "nothing listens there",
    ETIMEDOUT: "no answer within 3 s",
    ENOTFOUND: "the name is not known",
    EAI_AGAIN: "the name could not be looked up",
    EHOSTUNREACH: "no way leads there",
    ENETUNREACH: "no way leads there",
  };
  return {
    component,
    message: `${component} at ${address} cannot be reached: ${reasons[error] ?? error}`,
    remedy: "correct its external host and port in the values, start it, or open the firewall between here and there",
  };
}

/** A clock that is corrected by less than this was not wrong. */
const setBackMs = 5 * 60_000;

/** The latest time in the records of an install. */
function lastRecorded(install: CheckContext["install"]): Date | undefined {
  if (install === undefined) return undefined;
  const { identity, applied } = install;
  const times = [
    identity?.createdAt,
    applied.installedAt,
    applied.change?.at,
    ...Object.values(applied.jobs).map(({ at }) => at),
    ...Object.values(applied.initialised).map(({ at }) => at),
  ].map((text) => Date.parse(text ?? ""));
  const latest = Math.max(...times.filter((time) => !Number.isNaN(time)));
  return Number.isFinite(latest) ? new Date(latest) : undefined;
}

const clock: Check = {
  id: "clock.sane",
  title: "the clock is right",
  why: "certificates, tokens and signatures carry times; a wrong clock makes them invalid",
  severity: "failure",
  run: async ({ clock: hostClock, builtAt, exec, install, signal }) => {
    const now = hostClock.now();
    const remedy = "set the clock and switch time synchronisation on: timedatectl set-ntp true";
    const says = `the clock says ${now.toISOString().slice(0, 16)}, before`;
    if (now < builtAt)
      return [{ message: `${says} this program was made (${builtAt.toISOString().slice(0, 10)})`, remedy }];
    const last = lastRecorded(install);
    if (last !== undefined && last.getTime() - now.getTime() > setBackMs)
      return [
        {
          message: `${says} what this install recorded last (${last.toISOString().slice(0, 16)}): it was set back, and certificates, tokens and signatures of that time are not valid yet`,
          remedy,
        },
      ];
    const answer = await exec
      .run("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], { allowFailure: true, timeoutMs: 5000, signal })
      .catch(() => undefined);
    if (answer?.exitCode !== 0 || answer.stdout.trim() !== "no") return [];
    return [
      {
        severity: "warning",
        message: "the clock is not synchronised; S3 refuses requests that are 15 minutes wrong, and sign-ins sooner",
        remedy: "switch time synchronisation on: timedatectl set-ntp true",
      },
    ];
  },
};

export const networkChecks: readonly Check[] = [resolvable, externalReachable, clock];
