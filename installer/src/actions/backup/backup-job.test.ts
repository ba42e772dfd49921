import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackupEvent } from "../../../../toolbox/src/backup/backup-events.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import type { ConsoleRun, JobRun, Target } from "../../targets/target.ts";
import { askRecordsJob, requireBackups, runBackupJob } from "./backup-job.ts";

const plan = infraPlan(["backup.mode=embedded", "backup.directory=/mnt/backup"]);
let folder: string;
let install: Install;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-backup-job-"));
  install = {
    ...{ name: "p", stateDir: folder, layout: stateLayout(folder), identity: undefined },
    ...{ applied: nothingApplied, plan, pendingPlan: undefined },
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What jobs are asked, and what they say in turn. */
function portsThat(lines: readonly string[], status: number) {
  const asked: JobRun[] = [];
  const target = {
    runJob: (_install: Install, job: JobRun) => {
      asked.push(job);
      for (const line of lines) job.onLine?.(line);
      return Promise.resolve(status);
    },
  } as unknown as Target;
  const signal = new AbortController().signal;
  return { asked, ports: { target, fs: createFileSystem(), report: () => undefined, signal, failpoint } };
}

const failpoint = () => Promise.resolve();

const copied: BackupEvent = { event: "copied", step: "postgres", items: 5, bytes: 7, changedBytes: 7, ms: 1 };
const toLine = (event: BackupEvent): string => JSON.stringify(event);

describe("the job that copies", () => {
  it("is told what to do behind what it always gets, and what it tells is handed on as it comes", async () => {
    const { asked, ports } = portsThat(["a line of a program", toLine(copied), "{no event}"], 0);
    const seen: BackupEvent[] = [];

    const events = await runBackupJob(plan, install, ["create", "run-1"], {
      ...ports,
      onEvent: (event) => seen.push(event),
    });

    expect(asked[0]?.arguments).toEqual(["backup", "/run/slipway/document.json", "create", "run-1"]);
    expect(events).toEqual([copied]);
    expect(seen).toEqual(events);
  });

  it("tells at which steps a run of it may be killed: those of the job itself, but not how far it is", async () => {
    const progress: BackupEvent = { event: "progress", step: "git", done: 1, total: 2, unit: "items" };
    const { ports } = portsThat([toLine({ event: "begun", step: "git" }), toLine(progress), toLine(copied)], 0);
    const passed: string[] = [];
    const noting = (name: string) => Promise.resolve(void passed.push(name));

    await runBackupJob(plan, install, ["create", "run-1"], { ...ports, failpoint: noting });

    expect(passed).toEqual(["before:create", "told:create:begun:git", "told:create:copied:postgres", "after:create"]);
  });

  it("that fails says why, what to do and what is copied already", async () => {
    const failed: BackupEvent = { event: "failed", error: "the disk is full", cause: "free some of it" };
    const { ports } = portsThat([toLine(copied), toLine(failed)], 6);

    expect(await errorOf(() => runBackupJob(plan, install, ["create", "x"], ports))).toMatchObject({
      ...{ code: "APPLY_FAILED", message: "the disk is full", hint: "free some of it" },
      details: ["copied already: postgres"],
    });
  });

  it("that ends without a word of its own shows its last lines", async () => {
    const { ports } = portsThat(["it was killed"], 137);

    expect(await errorOf(() => runBackupJob(plan, install, ["list"], ports))).toMatchObject({
      message: "the job of backups failed with exit status 137",
      details: ["it was killed"],
    });
  });
});

describe("the job that is handed secrets", () => {
  it.each([0, 6])(
    "finds them in a file that nobody else may read, and that is gone when it ended with %i",
    async (status) => {
      let seen: unknown;
      const target = {
        openConsole: (_install: Install, { input = "", output = "", args }: ConsoleRun) => {
          seen = [readFileSync(input, "utf8"), statSync(input).mode & 0o777, args.at(-1)];
          writeFileSync(output, "an answer");
          return Promise.resolve(status);
        },
      } as unknown as Target;
      const asking = askRecordsJob(plan, install, ["prepare"], {
        ...{ target, fs: createFileSystem(), failpoint, input: "the key" },
      });

      const answer = await asking.catch((error: unknown) => error);

      expect(seen).toEqual(["the key", 0o600, "prepare"]);
      expect(readdirSync(folder)).toEqual([]);
      expect(answer).toEqual(status === 0 ? "an answer" : expect.objectContaining({ code: "APPLY_FAILED" }));
    },
  );
});

it("a platform that was installed without backups is told how to have them", () => {
  expect(() => requireBackups(infraPlan())).toThrow("this platform was installed without backups");
  expect(() => requireBackups(plan)).not.toThrow();
});
