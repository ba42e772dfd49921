import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { CreatedRobot } from "./harbor-documents.ts";
import { provideRobot } from "./provide-robot.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-robot-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const signal = new AbortController().signal;

function clientWith(robot: CreatedRobot, deleteRobot: HarborClient["deleteRobot"]): HarborClient {
  const made: Partial<HarborClient> = {
    host: "harbor.corp.example",
    robots: () => Promise.resolve([]),
    createRobot: () => Promise.resolve(robot),
    deleteRobot,
  };
  return made as HarborClient;
}

const clock = createStillClock();

function provide(client: HarborClient, file = join(folder, "robot.json")) {
  const request = { name: "install", file, projects: ["a", "b"], project: undefined };
  return provideRobot({ client, fs: createFileSystem(), clock }, request, { dryRun: false, signal });
}

test.each([
  { id: 7, name: "robot$install", secret: "" },
  { id: 7, name: "", secret: "secret" },
])("a robot account that comes without name or secret is removed, and nothing is stored: %o", async (robot) => {
  const deleted: number[] = [];
  const client = clientWith(robot, (id) => Promise.resolve(void deleted.push(id)));

  await expect(provide(client)).rejects.toMatchObject({
    code: "REGISTRY_FAILED",
    message: expect.stringMatching(/harbor\.corp\.example .*install.* without .*secret/) as string,
  });

  expect(deleted).toEqual([7]);
  expect(existsSync(join(folder, "robot.json"))).toBe(false);
});

test("that its file cannot be written is said, even when the account cannot be removed", async () => {
  const client = clientWith({ id: 7, name: "robot$install", secret: "s" }, () => Promise.reject(new Error("403")));
  const file = join(folder, "there/robot.json");
  const fs = { ...createFileSystem(), writeAtomic: () => Promise.reject(new Error("the disk is full")) };
  const request = { name: "install", file, projects: ["a", "b"], project: undefined };

  await expect(provideRobot({ client, fs, clock }, request, { dryRun: false, signal })).rejects.toThrow(
    "the disk is full",
  );
});

test.each(["", "secret"])("Ctrl-C while it is made does not part the account from its secret (%s)", async (secret) => {
  const interrupt = new AbortController();
  const signals: AbortSignal[] = [];
  const deleted: number[] = [];
  const client = {
    ...clientWith({ id: 7, name: "", secret }, (id, used) =>
      Promise.resolve(void deleted.push(used.aborted ? -1 : id)),
    ),
    createRobot: (_robot: unknown, used: AbortSignal) => {
      interrupt.abort();
      signals.push(used);
      return Promise.resolve({ id: 7, name: "robot$install", secret });
    },
  };
  const file = join(folder, "robot.json");
  const request = { name: "install", file, projects: ["a", "b"], project: undefined };

  await provideRobot({ client, fs: createFileSystem(), clock }, request, {
    dryRun: false,
    signal: interrupt.signal,
  }).catch(() => undefined);

  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  expect([existsSync(file), deleted]).toEqual(secret === "" ? [false, [7]] : [true, []]);
});
