import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryCluster, ClusterRefusal, type MemoryCluster } from "../../../../test/support/memory-cluster.ts";
import { createStillClock } from "../../../../test/support/memory-ports.ts";
import { createMachine, type Machine, type MachineRun } from "../../../../test/support/two-machines.ts";
import { LockedError } from "../../../errors/installer-error.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { refreshCopy } from "../../../execute/state/refresh-copy.ts";
import { acquireRunLock } from "../../../execute/state/run-lock.ts";
import { openState } from "../../../execute/state/state-store.ts";

let memory: MemoryCluster;
let clock: ReturnType<typeof createStillClock>;
let one: Machine;
let two: Machine;
const install = "hub";
const namespace = "team";
const layout = stateLayout("/state");

beforeEach(() => {
  memory = createMemoryCluster({ namespaces: [namespace] });
  clock = createStillClock();
  const world = { memory, clock, namespace, install };
  one = createMachine("one", world);
  two = createMachine("two", world);
});

function asPorts({ ports, records }: MachineRun) {
  return { ...ports, target: { records } };
}

/** A run that writes files, as an install does, and ends well. */
async function change(machine: Machine, files: Readonly<Record<string, string>>, run = machine.run()): Promise<void> {
  await refreshCopy(asPorts(run), layout, "fail");
  const { ports } = run;
  await ports.fs.makeDirectory(layout.root, 0o700);
  const release = await acquireRunLock(asPorts(run), layout, `${machine.name} ${run.ports.process.pid}`);
  await openState(ports, layout, { name: install, target: { kind: "helm", namespace } });
  for (const [path, text] of Object.entries(files)) await ports.fs.writeAtomic(join(layout.root, path), text);
  await release();
}

async function look(machine: Machine): Promise<void> {
  await refreshCopy(asPorts(machine.run()), layout, "fail");
}

function textOn(machine: Machine, path: string): Promise<string | undefined> {
  return machine.fs.readTextIfPresent(join(layout.root, path));
}

function secretNames(): readonly string[] {
  return memory.all("Secret").map(({ metadata }) => metadata.name);
}

describe("an install that is looked after from two machines", () => {
  it("is the same on both: what one changed the other has at its next command, what was removed is gone", async () => {
    await change(one, {
      "secrets/redis": "s1",
      "values.yaml": "a: 1\n",
      "plan.pending.json": "{}",
      "revisions/1.json": "{}",
    });
    await look(two);
    await change(two, { "values.yaml": "a: 2\n" });
    await two.fs.remove(layout.pendingPlan);
    await change(two, {});
    await look(one);

    expect(await textOn(two, "secrets/redis")).toBe("s1");
    expect((await two.fs.stat(join(layout.root, "secrets/redis")))?.mode).toBe(0o400);
    expect(await textOn(one, "values.yaml")).toBe("a: 2\n");
    expect(await textOn(one, "plan.pending.json")).toBeUndefined();
    expect(await textOn(one, "identity.json")).toBe(await textOn(two, "identity.json"));
  });

  it("leaves logs, journal and rendered releases on the machine they are of", async () => {
    await change(one, { journal: "{}", "logs/1.log": "x", "releases/1/values.yaml": "x", history: "{}\n" });
    await look(two);

    expect(await textOn(two, "history")).toBe("{}\n");
    for (const path of ["journal", "logs/1.log", "releases/1/values.yaml"]) {
      expect(await textOn(two, path)).toBeUndefined();
    }
  });

  it("costs one look where nothing changed, and sends only what did", async () => {
    await change(one, { "secrets/redis": "s1", "values.yaml": "a: 1\n", history: "1\n" });
    memory.calls.length = 0;
    await change(one, {});
    const idle = memory.calls.filter((call) => !call.includes("Lease"));
    memory.calls.length = 0;
    await change(one, { history: "2\n" });

    expect(new Set(idle)).toEqual(new Set(["get Namespace/kube-system", "get Secret/hub-state-head"]));
    expect(memory.calls.filter((call) => call.startsWith("create Secret"))).toHaveLength(1);
    expect(secretNames()).toHaveLength(4);
    expect(memory.all("Lease")).toEqual([]);
  });

  it("keeps what is too large for one Secret in several", async () => {
    const noise = (seed: number): string =>
      Array.from({ length: 120_000 }, (_, index) => ((index * 2654435761 * seed) >>> 7).toString(36)).join("");
    const files = { "revisions/1.json": noise(3), "revisions/2.json": noise(5), "revisions/3.json": noise(7) };
    await change(one, files);
    await look(two);

    expect(await textOn(two, "revisions/3.json")).toBe(files["revisions/3.json"]);
    expect(secretNames().length).toBeGreaterThan(3);
  });

  it("refuses a text that fits into no Secret before anything is sent", async () => {
    const run = one.run();
    const random = Array.from({ length: 70_000 }, () => Buffer.from(run.ports.random.bytes(16)).toString("base64"));
    await change(one, { "values.yaml": random.join("\n") }, run);

    expect(run.events).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/values\.yaml is too large to be kept/) as string }),
    ]);
    expect(secretNames()).toEqual([]);
  });

  it("writes nothing of a name that no record has", async () => {
    await change(one, { "values.yaml": "a: 1\n" });
    const part = memory.all("Secret").find(({ metadata }) => metadata.name !== "hub-state-head");
    const { gzipSync } = await import("node:zlib");
    memory.take("Secret", part?.metadata.name ?? "");
    const data = { "files.json.gz": gzipSync('{"../../etc/cron.d/x":"*"}').toString("base64") };
    memory.put({ apiVersion: "v1", kind: "Secret", metadata: { ...part!.metadata }, type: "slipway.dev/state", data });

    await expect(look(two)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: expect.stringMatching(/records of hub in the namespace team are damaged/) as string,
      hint: expect.stringContaining("kubectl -n team delete secret hub-state-head") as string,
    });
    expect([...two.fs.files.keys()]).not.toContain("/etc/cron.d/x");
  });

  it("finds a part that is gone, and gets all of it back from the machine that has it", async () => {
    await change(one, { "values.yaml": "a: 1\n" });
    memory.take("Secret", secretNames().find((name) => name !== "hub-state-head") ?? "");
    await expect(look(two)).rejects.toMatchObject({ message: expect.stringContaining("a part is gone") as string });

    memory.take("Secret", "hub-state-head");
    const run = one.run();
    await change(one, {}, run);
    await look(two);

    expect(run.events).toEqual([
      expect.objectContaining({ message: expect.stringContaining("are gone from the namespace team") as string }),
    ]);
    expect(await textOn(two, "values.yaml")).toBe("a: 1\n");
  });

  it("does not take a Secret of somebody else for its records", async () => {
    const metadata = { name: "hub-state-head", namespace };
    memory.put({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: {} });

    await expect(look(one)).rejects.toMatchObject({ message: expect.stringContaining("is not Slipway's") as string });
  });

  it("refuses records of a newer version before the directory is touched", async () => {
    await change(one, { "values.yaml": "a: 1\n" });
    const head = memory.find("Secret", "hub-state-head")!;
    const text = Buffer.from((head["data"] as { "head.json": string })["head.json"], "base64").toString();
    const newer = Buffer.from(text.replace("slipway/v1", "slipway/v9")).toString("base64");
    await memory.cluster.replace({ ...head, data: { "head.json": newer } });

    await expect(look(two)).rejects.toMatchObject({
      message: expect.stringContaining("has version slipway/v9, and this version of slipway reads") as string,
    });
    expect(two.fs.operations).toEqual([]);
  });
});

describe("which side counts", () => {
  beforeEach(async () => {
    await change(one, { "values.yaml": "a: 1\n", "secrets/redis": "s1", history: "1\n" });
    await look(two);
  });

  it("is the directory, where a run was killed before it could put its work there", async () => {
    await one.fs.writeAtomic(join(layout.root, "values.yaml"), "a: 2\n");
    await look(one);
    await change(one, {});
    await look(two);

    expect(await textOn(two, "values.yaml")).toBe("a: 2\n");
  });

  it("is nobody's decision but a person's, where both were changed; both ways out work", async () => {
    await one.fs.writeAtomic(join(layout.root, "secrets/redis"), "mine");
    await change(two, { "values.yaml": "a: 2\n" });
    const refused = await look(one).catch((error: unknown) => error);

    expect(refused).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message:
        "the records in /state and those in the namespace team of the context to-team-from-one were both changed",
      details: [
        expect.stringMatching(/^there: generation 2, written by anna@two at 2026.*\("slipway install"\)$/) as string,
        "there: values.yaml",
        "here, never put there: secrets/redis",
      ],
      hint: expect.stringMatching(
        /^mv \/state \/state\.old, then slipway attach .*kubectl .* delete secret hub-state-head/,
      ) as string,
    });
    expect(await textOn(one, "secrets/redis")).toBe("mine");
    memory.take("Secret", "hub-state-head");
    await change(one, {});
    await expect(look(two)).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
    await two.fs.remove("/state");
    await look(two);
    expect(await textOn(two, "secrets/redis")).toBe("mine");
  });

  it("is the namespace, where only the notes of a killed run are not there", async () => {
    await one.fs.writeAtomic(layout.history, "1\nkilled\n");
    await change(two, { "values.yaml": "a: 2\n", history: "1\n2\n" });
    await look(one);

    expect(await textOn(one, "history")).toBe("1\n2\n");
  });

  it("is asked of a person, too, where the namespace went back behind what is known", async () => {
    const before = memory.all("Secret");
    await change(one, { "values.yaml": "a: 2\n" });
    for (const name of secretNames()) memory.take("Secret", name);
    for (const object of before) {
      const { name, labels } = object.metadata;
      memory.put({ ...object, metadata: { name, namespace, labels: labels! } });
    }

    await expect(look(one)).rejects.toMatchObject({
      message: expect.stringMatching(/are of generation 1, and \/state has seen generation 2$/) as string,
    });
  });

  it("is no question for the state of another install", async () => {
    const other = createMachine("three", {
      memory: createMemoryCluster({ namespaces: [namespace] }),
      clock,
      namespace,
      install,
    });
    await change(other, { "values.yaml": "b: 1\n" });
    for (const [path, file] of other.fs.files) {
      if (path !== layout.copy) two.fs.files.set(path, file);
    }
    await two.fs.remove(layout.copy);

    await expect(look(two)).rejects.toMatchObject({ message: expect.stringContaining("another install") as string });
  });
});

describe("a cluster", () => {
  beforeEach(() => change(one, { "values.yaml": "a: 1\n" }));

  it("that does not answer leaves commands that only read with what is known, and says so", async () => {
    memory.away = true;
    const run = one.run();
    await refreshCopy(asPorts(run), layout, "warn");

    expect(run.events).toEqual([
      expect.objectContaining({ type: "warning", message: expect.stringContaining("this may be old") as string }),
    ]);
    await expect(look(one)).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
  });

  it("that is another one under the same context is refused", async () => {
    const other = createMemoryCluster({ namespaces: [namespace], server: "https://127.0.0.1:7000" });
    other.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace } });
    other.take("Namespace", "kube-system");
    other.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
    const moved = createMachine("one", { memory: other, clock, namespace, install });
    for (const [path, file] of one.fs.files) moved.fs.files.set(path, file);

    await expect(look(moved)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message:
        "wrong context: to-team-from-one leads to https://127.0.0.1:7000, which is not the cluster that this install is on",
    });
  });

  it("is known by the records in it where its identity may not be read, whatever its address is", async () => {
    memory.refuse = (_verb, { kind }) => {
      if (kind === "Namespace") throw new ClusterRefusal(403, "Forbidden", "not allowed");
    };
    await look(two);
    const copy = JSON.parse((await textOn(two, "copy.json")) ?? "") as { readonly place: object };
    expect(copy.place).not.toHaveProperty("cluster");
    await two.fs.writeAtomic(
      layout.copy,
      JSON.stringify({ ...copy, place: { ...copy.place, server: "https://elsewhere:6443" } }),
    );

    await expect(look(two)).resolves.toBeUndefined();
  });
});

describe("forgetting an install", () => {
  it("takes all of it away, and the end of the run brings nothing back", async () => {
    await change(one, { "values.yaml": "a: 1\n" });
    const run = one.run();
    const release = await acquireRunLock(asPorts(run), layout, "purge");
    await run.records.remove();
    await one.fs.remove(layout.root);
    await release();

    expect([...memory.all("Secret"), ...memory.all("Lease")]).toEqual([]);
  });
});

describe("two runs", () => {
  it("of two machines: the second is refused at once, and nothing of it is written", async () => {
    await change(one, { "values.yaml": "a: 1\n" });
    await look(two);
    const release = await acquireRunLock(asPorts(one.run()), layout, "first");

    await expect(acquireRunLock(asPorts(two.run()), layout, "second")).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringMatching(
        /^another run is at work: anna@one, process \d+, since .*, command "slipway install"$/,
      ) as string,
    });
    await release();
    await (await acquireRunLock(asPorts(two.run()), layout, "third"))();
  });

  it("that both find no namespace: the second to put something there is refused before anything is applied", async () => {
    memory.take("Namespace", namespace);
    const [first, second] = [one.run(), two.run()];
    const locks = await Promise.all(
      [first, second].map((run) => acquireRunLock(asPorts(run), layout, run.ports.process.owner)),
    );
    for (const { ports } of [first, second]) {
      const settings = { cluster: { podSecurity: "restricted" } };
      await ports.fs.writeAtomic(layout.pendingPlan, JSON.stringify({ apiVersion: "slipway/v1", settings }));
      await openState(ports, layout, { name: install, target: { kind: "helm", namespace } });
    }
    await first.records.push(layout, "a");

    await expect(second.records.push(layout, "b")).rejects.toBeInstanceOf(LockedError);
    for (const release of locks) await release();
    expect(memory.find("Namespace", namespace)).toBeDefined();
    expect(memory.all("Lease")).toEqual([]);
  });
});
