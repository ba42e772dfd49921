import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import * as listr2 from "listr2";
import { describe, expect, it } from "vitest";
import type { InstallerEvent } from "../../events/event.ts";
import { AbortError, ApplyError } from "../../errors/installer-error.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds, formatSeconds, printable, wrapWords } from "./format.ts";
import { openLogFile } from "./log-file.ts";
import { jsonReporter } from "./reporter-json.ts";
import { describeEvent, plainReporter } from "./reporter-plain.ts";
import { ttyReporter } from "./reporter-tty.ts";
import { namedReporter, recordReporter, trackOpenSteps } from "./reporter.ts";

const now = () => new Date(2026, 10, 21, 9, 5, 7);

const events: readonly InstallerEvent[] = [
  { type: "step", id: "up", title: "Start components", state: "started" },
  { type: "item", step: "up", id: "redis", state: "waiting" },
  { type: "item", step: "up", id: "redis", state: "healthy", detail: "after 2 s" },
  { type: "progress", step: "up", id: "minio", percent: 41, remainingSeconds: 125, detail: "compiling\u001b[31m" },
  { type: "progress", step: "up", id: "minio", percent: 43 },
  { type: "finding", finding: { id: "x.ok", severity: "ok", message: "fine" } },
  { type: "finding", finding: { id: "x.bad", severity: "failure", message: "bad", remedy: "mend it" } },
  { type: "finding", finding: { id: "x.odd", severity: "warning", message: "odd", remedy: "read slipway logs" } },
  { type: "warning", message: "odd", hint: "look" },
  { type: "debug", message: "noise" },
  { type: "step", id: "up", title: "Start components", state: "done", ms: 2400 },
];

function collect(): { write(text: string): void; isTTY: boolean; columns: number; text(): string } {
  const parts: string[] = [];
  return { write: (text) => void parts.push(text), isTTY: false, columns: 80, text: () => parts.join("") };
}

describe("the plain reporter", () => {
  it("writes one line for each change with the time", () => {
    const output = collect();
    const reporter = plainReporter(output, now);

    for (const event of events) reporter.report(event);

    expect(output.text().split("\n")).toEqual([
      "09:05:07 Start components ...",
      "09:05:07   redis: healthy (after 2 s)",
      "09:05:07   minio: 41 %, about 2 min 5 s left, compiling",
      "09:05:07 warning [x.odd] odd -> read slipway logs",
      "09:05:07 warning: odd (look)",
      "09:05:07 Start components: done in 2.4 s",
      "",
    ]);
  });
});

describe("progress on plain output", () => {
  const minute = (second: number) => new Date(2026, 10, 21, 9, 5, second);

  it("is a line for each tenth, and one at least every 15 seconds when reports come every 5", () => {
    const output = collect();
    let second = 0;
    const reporter = plainReporter(output, () => minute(second));

    for (second = 0; second <= 45; second += 5) {
      reporter.report({ type: "progress", step: "images", id: "minio", percent: 41, elapsedSeconds: second });
    }

    const lines = output.text().trimEnd().split("\n");
    expect(lines.map((line) => line.slice(6, 8))).toEqual(["00", "10", "20", "30", "40"]);
    expect(lines.at(-1)).toBe("09:05:40   minio: 41 %, 40 s so far");
  });

  it("says that the estimate is passed instead of what remains", () => {
    const event = {
      type: "progress",
      step: "images",
      id: "minio",

      elapsedSeconds: 400,
      late: true,
    } as const;

    expect(describeEvent(event)).toBe("  minio: 6 min 40 s so far, longer than estimated");
  });
});

describe("what a person stopped", () => {
  const failed: readonly InstallerEvent[] = [
    { type: "item", step: "up", id: "redis", state: "failed" },
    { type: "step", id: "up", title: "Start components", state: "failed" },
  ];

  it("was interrupted and did not fail", () => {
    const output = collect();
    let stopped = false;
    const reporter = plainReporter(output, now, () => stopped);

    for (const event of failed) reporter.report(event);
    stopped = true;
    for (const event of failed) reporter.report(event);

    expect(output.text().split("\n")).toEqual([
      "09:05:07   redis: failed",
      "09:05:07 Start components: FAILED",
      "09:05:07   redis: interrupted",
      "09:05:07 Start components: interrupted",
      "",
    ]);
  });
});

describe("commands in events", () => {
  it("are named as they have to be typed", () => {
    const output = collect();
    const reporter = namedReporter(plainReporter(output, now), { program: "./slipway", name: "lab" });

    for (const event of events) reporter.report(event);
    reporter.report({ type: "note", message: "see slipway status" });
    reporter.report({ type: "warning", message: "left out", hint: "slipway install" });

    expect(output.text()).toContain("odd -> read ./slipway --name lab logs\n");
    expect(output.text()).toContain("see ./slipway --name lab status\n");
    expect(output.text()).toContain("warning: left out (./slipway --name lab install)\n");
  });
});

describe("the json reporter", () => {
  it("writes one object a line and leaves debug messages to the log", () => {
    const output = collect();
    const reporter = jsonReporter(output, () => new Date("2026-11-21T12:00:00Z"));

    for (const event of events) reporter.report(event);
    const lines = output
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

    expect(lines).toHaveLength(events.length - 1);
    expect(lines[0]).toEqual({ time: "2026-11-21T12:00:00.000Z", ...events[0] });
  });
});

describe("the live display", () => {
  function terminal(): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 40 });
    const parts: string[] = [];
    stream.on("data", (chunk: Buffer) => parts.push(chunk.toString()));
    return { stream: stream as unknown as NodeJS.WriteStream, text: () => parts.join("") };
  }

  it("shows steps with their time and what goes on below them", async () => {
    const { stream, text } = terminal();
    const reporter = ttyReporter(stream, listr2);

    for (const event of events) reporter.report(event);
    await reporter.close();

    expect(text()).toContain("Start components (2.4 s)");
    expect(text()).toContain("warning: odd (look)");
  });

  it("shows what a second step is at while another is shown, as when components start and images are built", async () => {
    const { stream, text } = terminal();
    const reporter = ttyReporter(stream, listr2);

    reporter.report({ type: "step", id: "build", title: "Build images", state: "started" });
    reporter.report({ type: "progress", step: "build", id: "minio", percent: 41 });
    reporter.report({ type: "step", id: "up", title: "Start components", state: "started" });
    reporter.report({ type: "item", step: "up", id: "gateway", state: "starting" });

    await expect.poll(text, { timeout: 30_000 }).toContain("gateway: starting");
    expect(text()).toContain("minio: 41 %");
    reporter.report({ type: "step", id: "up", title: "Start components", state: "done", ms: 2400 });
    reporter.report({ type: "step", id: "build", title: "Build images", state: "done", ms: 9000 });
    await reporter.close();
    expect(text().indexOf("Build images (9 s)")).toBeLessThan(text().indexOf("Start components (2.4 s)"));
  });

  it("ends a step that was interrupted, so that closing does not wait", async () => {
    const { stream, text } = terminal();
    const reporter = ttyReporter(stream, listr2);

    reporter.report({ type: "step", id: "up", title: "Start components", state: "started" });
    await reporter.close();

    expect(text()).toContain("Start components");
  });
});

describe("open steps", () => {
  it("are those that started and did not end", () => {
    const track = trackOpenSteps();
    const record = recordReporter();

    for (const event of events.slice(0, 3)) [track, record].forEach((reporter) => reporter.report(event));

    expect(track.open()).toEqual(["Start components"]);
    expect(record.events).toHaveLength(3);
  });
});

describe("the log file", () => {
  it("holds every event without the install's secrets, for its owner only", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-log-"));
    mkdirSync(join(folder, "secrets"));
    writeFileSync(join(folder, "format"), "1\n");
    writeFileSync(join(folder, "secrets/redis"), "canary-0123456789");
    const log = openLogFile({ stateDir: folder, command: "start", now, keep: "always", fallbackDir: folder });

    log.report({ type: "debug", message: "password canary-0123456789" });
    log.failure(new ApplyError("refused", { cause: new Error("with canary-0123456789") }));
    const path = log.path() ?? "";
    const text = readFileSync(path, "utf8");

    expect(text).toContain("password [secret redis]");
    expect(text).toContain("caused by Error: with [secret redis]");
    expect(text).not.toContain("canary");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true });
  });

  it("is not the log of another run that is at work", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-log-"));
    mkdirSync(join(folder, "logs"));
    const log = openLogFile({ stateDir: folder, command: "init", now, keep: "failure", fallbackDir: folder });
    writeFileSync(join(folder, "logs/slipway-2026-install.log"), "{}\n");

    log.failure(new AbortError("the question was not answered"));

    expect(log.path()).toBeUndefined();
    rmSync(folder, { recursive: true });
  });

  it("is the one that the action wrote, and none beside it", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-log-"));
    const logs = join(folder, "logs");
    mkdirSync(logs);
    writeFileSync(join(folder, "format"), "1\n");
    const log = openLogFile({ stateDir: folder, command: "install", now, keep: "by-action", fallbackDir: folder });

    log.report({ type: "note", message: "hello" });
    writeFileSync(join(logs, "2026-11-21T09-05-07-000Z-0a1b2c3d.log"), "{}\n");
    writeFileSync(join(logs, "slipway-2026-11-21T09-05-07-000Z-verify.log"), "{}\n");
    log.failure(new ApplyError("refused"));

    expect(readdirSync(logs)).toHaveLength(2);
    expect(readFileSync(log.path() ?? "", "utf8")).toMatch(/^\{\}\n\{.*refused.*\n$/);
    expect(log.path()).toBe(join(logs, "2026-11-21T09-05-07-000Z-0a1b2c3d.log"));
    rmSync(folder, { recursive: true });
  });

  it("is made where the action failed before it wrote one", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-log-"));
    const log = openLogFile({
      stateDir: join(folder, "none"),
      command: "install",
      now,
      keep: "by-action",
      fallbackDir: folder,
    });

    log.report({ type: "note", message: "hello" });
    log.failure(new ApplyError("refused"));

    expect(readFileSync(log.path() ?? "", "utf8")).toContain("hello");
    rmSync(folder, { recursive: true });
  });

  it("does not exist when nothing went wrong and nobody needs it", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-log-"));
    const log = openLogFile({
      stateDir: join(folder, "none"),
      command: "plan",
      now,
      keep: "failure",
      fallbackDir: folder,
    });

    log.report({ type: "note", message: "hello" });

    expect([log.path(), readdirSync(folder)]).toEqual([undefined, []]);
    rmSync(folder, { recursive: true });
  });
});

describe("formats", () => {
  it.each([
    [0, "0 s"],
    [59.6, "1 min"],
    [3725, "1 h 2 min"],
    [90_061, "1 d 1 h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it("uses units a person reads", () => {
    expect([formatMilliseconds(12), formatMilliseconds(1234), formatMilliseconds(61_000)]).toEqual([
      "12 ms",
      "1.2 s",
      "1 min 1 s",
    ]);
    expect([formatBytes(512), formatBytes(1536), formatBytes(3 * 1024 ** 3)]).toEqual(["512 B", "1.5 KiB", "3 GiB"]);
  });

  it("breaks lines between words, and leaves a long word whole", () => {
    expect(wrapWords("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapWords("a-very-long-word b", 4)).toEqual(["a-very-long-word", "b"]);
    expect(wrapWords("", 4)).toEqual([]);
  });

  it("takes terminal sequences and line ends out of foreign text", () => {
    expect(printable("a\u001b[2Jb\nc\u0007d")).toBe("ab c d");
  });
});
