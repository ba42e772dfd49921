import { describe, expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import { ApplyError } from "../../errors/installer-error.ts";
import { openJournal, parseJournal } from "./journal.ts";

const path = "/state/journal";

function setUp(contents = "") {
  const fs = createMemoryFileSystem(contents === "" ? {} : { [path]: contents });
  const passed: string[] = [];
  const ports = { fs, clock: createStillClock(), failpoint: (name: string) => void passed.push(name) };
  const phases = (): readonly string[] =>
    parseJournal(Buffer.from(fs.files.get(path)?.contents ?? "").toString()).records.map(
      ({ step, phase }) => `${step} ${phase}`,
    );
  return { fs, ports, passed, phases };
}

test("writes the intent before the act and done after its verification", async () => {
  const { ports, phases, passed } = setUp();
  const journal = await openJournal(ports, path, "run-1");
  const order: string[] = [];
  await journal.step<true>("make", "hash", {
    probe: () => Promise.resolve(undefined),
    act: () => {
      order.push(...phases(), "act");
      return Promise.resolve(true);
    },
    verify: () => {
      order.push("verify");
      return Promise.resolve();
    },
  });

  expect([...order, ...phases()]).toEqual(["make intent", "act", "verify", "make intent", "make done"]);
  expect(passed).toEqual(["before:make:intent", "after:make:intent", "before:make:done", "after:make:done"]);
});

test("acts and writes nothing when the probe finds the effect there", async () => {
  const { fs, ports } = setUp();
  const journal = await openJournal(ports, path, "run-1");
  const result = await journal.step("make", "hash", {
    probe: () => Promise.resolve({ made: "before" }),
    act: () => Promise.reject(new Error("must not act")),
  });

  expect(result).toEqual({ made: "before" });
  expect(fs.operations).toEqual([]);
});

test("closes a step that a killed run left open once the probe finds its effect", async () => {
  const first = setUp();
  const killed = await openJournal(first.ports, path, "run-1");
  void killed.step<true>("make", "hash", {
    probe: () => Promise.resolve(undefined),
    act: () => new Promise(() => undefined),
  });
  await new Promise((resolve) => setImmediate(resolve));
  const text = Buffer.from(first.fs.files.get(path)?.contents ?? "").toString();
  const { ports, phases } = setUp(text);
  const journal = await openJournal(ports, path, "run-2");
  await journal.step<true>("make", "hash", { probe: () => Promise.resolve(true), act: () => Promise.resolve(true) });

  expect(journal.unfinished).toEqual(["make"]);
  expect(phases()).toEqual(["make intent", "make done"]);
});

test("records a failed act as undone when it can be undone, and leaves it open otherwise", async () => {
  const { ports, phases } = setUp();
  const journal = await openJournal(ports, path, "run-1");
  const fails = { probe: () => Promise.resolve(undefined), act: () => Promise.reject(new Error("broken")) };
  await expect(journal.step("a", "", { ...fails, undo: () => Promise.resolve() })).rejects.toThrow("broken");
  await expect(journal.step("b", "", fails)).rejects.toThrow("broken");

  expect(phases()).toEqual(["a intent", "a undone", "b intent"]);
});

test("does not count a line that a crash cut, and repairs the file", async () => {
  const whole = `${JSON.stringify({ v: 1, run: "r", seq: 7, step: "a", phase: "done", at: "", inputsHash: "" })}\n`;
  const { fs, ports } = setUp(`${whole}{"v":1,"run":"r","se`);
  const journal = await openJournal(ports, path, "run-2");
  await journal.step<true>("b", "", { probe: () => Promise.resolve(undefined), act: () => Promise.resolve(true) });
  const records = parseJournal(Buffer.from(fs.files.get(path)?.contents ?? "").toString()).records;

  expect(records.map(({ seq, step }) => [seq, step])).toEqual([
    [7, "a"],
    [8, "b"],
    [9, "b"],
  ]);
});

test("keeps only the last record of each step when it has grown large", async () => {
  const line = (seq: number, step: string): string =>
    `${JSON.stringify({ v: 1, run: "r", seq, step, phase: "done", at: "x".repeat(200), inputsHash: "" })}\n`;
  const { fs, ports } = setUp(
    Array.from({ length: 2000 }, (_, index) => line(index + 1, index % 2 === 0 ? "even" : "odd")).join(""),
  );
  await openJournal(ports, path, "run-2");

  expect(
    parseJournal(Buffer.from(fs.files.get(path)?.contents ?? "").toString()).records.map(({ seq }) => seq),
  ).toEqual([1999, 2000]);
});

describe("a disk that fills up", () => {
  const acts = { probe: () => Promise.resolve(undefined), act: () => Promise.resolve(true as const) };

  /** From the named write on, each leaves half a line and fails, until there is room again. */
  function fillingDisk(fullFrom: number) {
    const { fs, ports, phases } = setUp();
    let writes = 0;
    let full = true;
    const appendDurable: typeof fs.appendDurable = async (file, line) => {
      writes += 1;
      if (!full || writes < fullFrom) return fs.appendDurable(file, line);
      await fs.appendDurable(file, line.slice(0, 20));
      throw new ApplyError("the disk is full");
    };
    return { ports: { ...ports, fs: { ...fs, appendDurable } }, phases, makeRoom: () => (full = false) };
  }

  test("fails the step in hand, and the steps after it are written once there is room", async () => {
    const { ports, phases, makeRoom } = fillingDisk(1);
    const journal = await openJournal(ports, path, "run-1");

    await expect(journal.step("a", "", acts)).rejects.toThrow("the disk is full");
    makeRoom();
    await journal.step("b", "", acts);

    expect(phases()).toEqual(["b intent", "b done"]);
  });

  test("does not hide why a step failed that is to be taken back", async () => {
    const { ports } = fillingDisk(2);
    const journal = await openJournal(ports, path, "run-1");

    const outcome = journal.step("a", "", {
      ...acts,
      act: () => Promise.reject(new ApplyError("the engine refused")),
      undo: () => Promise.resolve(),
    });

    await expect(outcome).rejects.toMatchObject({
      message: "the engine refused",
      details: ["also failed: the disk is full"],
    });
  });
});

test("an undo that fails is told besides the failure it was for", async () => {
  const { ports, phases } = setUp();
  const journal = await openJournal(ports, path, "run-1");

  const outcome = journal.step("a", "", {
    probe: () => Promise.resolve(undefined),
    act: () => Promise.reject(new Error("broken")),
    undo: () => Promise.reject(new Error("stuck")),
  });

  await expect(outcome).rejects.toThrow("broken; also failed: stuck");
  expect(phases()).toEqual(["a intent"]);
});
