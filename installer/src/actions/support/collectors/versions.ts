import { fieldsOf } from "../../../language/fields.ts";
import type { ActionPorts } from "../../context.ts";
import type { Collector, CollectorContext } from "../collector.ts";

export const versions: Collector = {
  id: "versions",
  holds: "versions of Slipway, Node, the engine or cluster and the host's system; processors, memory and free disk",
  why: "which defects are known of what runs here, and whether the host is large enough",
  collect: async (context) => {
    const { ports, install } = context;
    await context.addJson("versions.json", {
      slipway: ports.assets.version,
      builtAt: ports.assets.builtAt,
      installed: (install.pendingPlan ?? install.plan)?.install,
      node: process.versions.node,
      collectedAt: ports.clock.now().toISOString(),
      host: await describeHost(context),
      target: ports.target.identity.kind,
      ...(await describeTarget(context)),
    });
  },
};

/** The kernel tells it to whoever reads. */
const hostFiles = {
  system: "/etc/os-release",
  kernel: "/proc/version",
  memory: "/proc/meminfo",
  load: "/proc/loadavg",
  uptime: "/proc/uptime",
} as const;

async function describeHost({ ports, place }: CollectorContext): Promise<object> {
  const texts = await Promise.all(
    Object.entries(hostFiles).map(async ([name, path]) => {
      const text = await ports.fs.readTextIfPresent(path).catch(() => undefined);
      return text === undefined ? [] : [[name, text.trim().split("\n").slice(0, 12)]];
    }),
  );
  return {
    cpus: ports.host.cpuCount(),
    memoryBytes: await ports.host.memoryBytes(),
    root: ports.host.isRoot(),
    ...(Object.fromEntries(texts.flat()) as object),
    freeBytes: { stateDir: await ports.fs.freeBytes(place.stateDir) },
  };
}

/** One that does not answer is noted, and the rest is told. */
async function describeTarget({ ports, failed }: CollectorContext): Promise<object> {
  const ask = async (subject: string, question: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await question();
    } catch (error) {
      failed(subject, error);
      return undefined;
    }
  };
  const dataFree = async (): Promise<number | undefined> => {
    const dataPlace = await ports.target.dataPlace();
    return dataPlace === undefined ? undefined : ports.fs.freeBytes(dataPlace);
  };
  return {
    facts: await ask("the target", () => ports.target.facts()),
    engine: await ask("the engine", async () => engineFacts(ports)),
    dataFreeBytes: await ask("the disk of the data", dataFree),
  };
}

async function engineFacts({ target }: Pick<ActionPorts, "target">): Promise<unknown> {
  return target.images === undefined ? undefined : fieldsOf(await target.images.info());
}
