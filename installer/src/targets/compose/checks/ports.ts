import type { PublishedPort } from "../../../plan/model.ts";
import { listeningInodes } from "../../host/addresses.ts";
import type { CheckFinding } from "../../check.ts";
import { nameLabel } from "../../../render/compose/labels.ts";
import type { ComposeCheck, ComposeCheckContext } from "./compose-check.ts";

/** No other program holds a port that is published. */
export const bindable: ComposeCheck = {
  id: "ports.bindable",
  title: "every published port is free on its address",
  why: "the engine cannot start a container whose port is taken",
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

async function findTaken(context: ComposeCheckContext, own: ReadonlySet<number>): Promise<readonly CheckFinding[]> {
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

async function portsOfThisInstall({ docker, name, engine }: ComposeCheckContext): Promise<OwnPorts> {
  if (!engine.reachable) return { held: new Set(), starting: false };
  const containers = await docker.containers(name);
  const own = containers.filter((container) => container.labels[nameLabel] === name);
  return {
    held: new Set(own.flatMap((container) => container.ports.map((port) => port.hostPort))),
    starting: own.some((container) => container.state === "created" || container.state === "restarting"),
  };
}

async function checkPort(context: ComposeCheckContext, port: PublishedPort): Promise<readonly CheckFinding[]> {
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
async function findHolder({ fs, exec, signal }: ComposeCheckContext, port: number): Promise<string | undefined> {
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
