import type { PublishedPort } from "../../../plan/model.ts";
import { isIpv4, isIpv6, isLoopbackName } from "../../../values/host-names.ts";
import { listeningInodes, parseLocalIpv4, parseLocalIpv6 } from "../addresses.ts";
import type { Check, CheckContext, CheckFinding } from "../check.ts";

const bindable: Check = {
  id: "ports.bindable",
  title: "every published port is free on its address",
  why: "the engine cannot start a container whose port somebody else holds",
  severity: "failure",
  run: async (context) => {
    for (let looks = 1; ; looks += 1) {
      const { held, starting } = await portsOfThisInstall(context);
      const findings = await findTaken(context, held);
      if (findings.length === 0 || !starting || looks === looksAtStarting) return findings;
      await context.clock.sleep(lookAgainMs, context.signal);
    }
  },
};

/** A run that was killed while the engine started a container: the engine holds its ports a moment before it lists them. */
const looksAtStarting = 20;
const lookAgainMs = 250;

async function findTaken(context: CheckContext, own: ReadonlySet<number>): Promise<readonly CheckFinding[]> {
  const ports = context.plan.components.flatMap((component) =>
    component.published.map((port) => ({ component: component.id, port })),
  );
  const findings = await Promise.all(
    ports
      .filter(({ port }) => !own.has(port.hostPort))
      .map(async ({ component, port }) =>
        (await checkPort(context, port)).map((finding) => ({ ...finding, component })),
      ),
  );
  return findings.flat();
}

interface OwnPorts {
  readonly held: ReadonlySet<number>;
  /** Whether a container of this install may be about to hold more. */
  readonly starting: boolean;
}

async function portsOfThisInstall({ docker, name, engine }: CheckContext): Promise<OwnPorts> {
  if (!engine.reachable) return { held: new Set(), starting: false };
  const containers = await docker.containers(name);
  const own = containers.filter((container) => container.labels["dev.slipway.name"] === name);
  return {
    held: new Set(own.flatMap((container) => container.ports.map((port) => port.hostPort))),
    starting: own.some((container) => container.state === "created" || container.state === "restarting"),
  };
}

async function checkPort(context: CheckContext, port: PublishedPort): Promise<readonly CheckFinding[]> {
  const at = `${port.address}:${port.hostPort}`;
  const error = await context.host.bindError(port.address, port.hostPort);
  const key = Object.entries(context.values.ports).find(([, number]) => number === port.hostPort)?.[0] ?? "http";
  if (error === "EADDRNOTAVAIL") {
    return [
      {
        message: `${port.address} is not an address of this host`,
        remedy: "set bindAddress to one of its own, or to 0.0.0.0",
      },
    ];
  }
  // A low port that we may not bind the engine still may: whether it is taken is then read from the kernel.
  const holder = error === undefined ? undefined : await findHolder(context, port.hostPort);
  if (error === undefined || (error === "EACCES" && holder === undefined)) return [];
  const who = holder === undefined || holder === "" ? "" : ` by ${holder}`;
  return [
    {
      message: `port ${at} (${port.purpose}) is taken${who}`,
      remedy: `stop what holds it, or choose another port: --set ports.${key}=${suggestPort(port.hostPort)}`,
    },
  ];
}

/** 80 becomes 8080 and 443 becomes 8443; others move up by ten thousand where there is room. */
function suggestPort(port: number): number {
  if (port < 1024) return 8000 + port;
  return port < 50_000 ? port + 10_000 : port - 10_000;
}

/** The program that listens on a port; empty when something does and cannot be named, undefined when nothing does. */
async function findHolder({ fs, exec, signal }: CheckContext, port: number): Promise<string | undefined> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((path) => fs.readTextIfPresent(path)));
  const inodes = tables.flatMap((text) => listeningInodes(text ?? "", port));
  const inode = inodes[0];
  if (inode === undefined) return undefined;
  const found = await exec
    .run("find", ["/proc", "-maxdepth", "3", "-path", "/proc/[0-9]*/fd/*", "-lname", `socket:\\[${inode}\\]`], {
      allowFailure: true,
      timeoutMs: 10_000,
      signal,
    })
    .catch(() => undefined);
  const pid = /^\/proc\/(\d+)\//m.exec(found?.stdout ?? "")?.[1];
  if (pid === undefined) return "";
  const command = await fs.readTextIfPresent(`/proc/${pid}/comm`).catch(() => undefined);
  return `${command?.trim() ?? "process"} (process ${pid})`;
}

const resolvable: Check = {
  id: "dns.resolves",
  title: "the domain and its sub-domains lead to this host",
  why: "people and services reach the platform by these names",
  severity: "warning",
  run: async (context) => {
    const own = await ownAddresses(context);
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
  const addresses = await context.host.resolve(name).catch(() => []);
  if (addresses.length === 0) {
    return [
      {
        message: `${name} does not resolve`,
        remedy: `make a DNS record for it, or a line in /etc/hosts of every machine that uses it`,
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
  run: async ({ plan, host }) => {
    const endpoints = plan.components.flatMap(({ id, endpoints }) =>
      endpoints.flatMap(({ externalHost, port }) => (externalHost === undefined ? [] : [{ id, externalHost, port }])),
    );
    const findings = await Promise.all(
      endpoints.map(async ({ id, externalHost, port }) => {
        const error = await host.connectError(externalHost, port);
        return error === undefined ? [] : [unreachable(id, `${externalHost}:${port}`, error)];
      }),
    );
    return findings.flat();
  },
};

function unreachable(component: string, address: string, error: string): CheckFinding {
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

const clock: Check = {
  id: "clock.sane",
  title: "the clock is right",
  why: "certificates, tokens and signatures carry times; a wrong clock makes them invalid",
  severity: "failure",
  run: async ({ clock: hostClock, builtAt, exec, signal }) => {
    const now = hostClock.now();
    if (now < builtAt) {
      return [
        {
          message: `the clock says ${now.toISOString().slice(0, 16)}, before this program was made (${builtAt.toISOString().slice(0, 10)})`,
          remedy: "set the clock and switch time synchronisation on: timedatectl set-ntp true",
        },
      ];
    }
    const answer = await exec
      .run("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], { allowFailure: true, timeoutMs: 5000, signal })
      .catch(() => undefined);
    if (answer?.exitCode !== 0 || answer.stdout.trim() !== "no") return [];
    return [
      {
        severity: "warning",
        message: "the clock is not synchronised",
        remedy: "switch time synchronisation on: timedatectl set-ntp true",
      },
    ];
  },
};

export const networkChecks: readonly Check[] = [bindable, resolvable, externalReachable, clock];
