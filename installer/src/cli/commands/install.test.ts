import { describe, expect, it } from "vitest";
import type { InstallResult } from "../../actions/install/install-request.ts";
import { folder, cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const installed: InstallResult = {
  apiVersion,
  kind: "InstallResult",
  name: "slipway",
  changed: true,
  dryRun: false,
  planHash: "abc123",
  release: 3,
  changes: [],
  urls: [{ component: "gateway", title: { en: "Platform", zh: "平台" }, url: "http://localhost" }],
  notInstalled: [{ component: "casdoor", title: { en: "Casdoor", zh: "Casdoor" }, reason: "no image" }],
  ms: 61_000,
};

describe("install", () => {
  it("hands every option over", async () => {
    const run = await cli(
      "install --plan-hash 3F9C2A10B7D4 --dry-run --timeout 15m --no-verify --jobs 3 --without-unavailable --accept-data-loss redis --timings",
      { install: () => Promise.resolve({ ...installed, dryRun: true }) },
    );

    expect(run.requests["install"]?.[0]).toMatchObject({
      planHash: "3f9c2a10b7d4",
      dryRun: true,
      timeoutSeconds: 900,
      skipVerify: true,
      jobs: 3,
      withoutUnavailable: true,
      acceptDataLoss: ["redis"],
      timings: true,
    });
    expect(run.stdout()).toContain("plan abc123");
  });

  it("ends with addresses, what is not installed and that there is no login", async () => {
    const run = await cli("install", { install: () => Promise.resolve(installed) });

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe(
      "slipway is installed and healthy (release 3, 1 min 1 s)\n  Platform  http://localhost\n  no login component installed\n  not installed: Casdoor (no image)\n",
    );
  });

  it("tells where the time went, and marks what is critical", async () => {
    const timings = {
      work: [
        { id: "preflight", beginMs: 20, ms: 480, critical: true },
        { id: "redis", beginMs: 510, ms: 700, after: "preflight", critical: false },
        { id: "job:buckets", beginMs: 510, ms: 9500, after: "preflight", critical: true },
      ],
      totalMs: 10_978,
      criticalMs: 9980,
    };
    const run = await cli("install --timings", { install: () => Promise.resolve({ ...installed, timings }) });

    expect(run.stdout()).toContain(
      [
        "   WORK         BEGAN   TOOK    AFTER",
        "*  preflight    20 ms   480 ms  -",
        "   redis        510 ms  700 ms  preflight",
        "*  job:buckets  510 ms  9.5 s   preflight",
        "* critical path: 10.0 s; the whole: 11.0 s, 1.10 times that",
        "",
        "slipway is installed",
      ].join("\n"),
    );
  });

  it("tells of a run that did nothing that it has no critical path", async () => {
    const timings = { work: [], totalMs: 230, criticalMs: 0 };
    const run = await cli("install --timings", { install: () => Promise.resolve({ ...installed, timings }) });

    expect(run.stdout()).toContain("* critical path: 0 ms; the whole: 230 ms\n");
  });

  it.each([{ changed: false }, { changed: true }, { changed: false, dryRun: true }])(
    "says what people changed and made inside services, which it leaves (%j)",
    async (more) => {
      const of = { job: "casdoor-bootstrap", component: "casdoor" };
      const inside = { drift: [{ ...of, changes: ["set x"] }], noted: [{ ...of, notes: ["keeps y"] }] };
      const run = await cli("install", { install: () => Promise.resolve({ ...installed, ...more, ...inside }) });

      expect(run.stdout()).toContain(
        "! changed inside casdoor since; an install leaves it, slipway run casdoor-bootstrap would:\n    set x\n! made inside casdoor by somebody; slipway run casdoor-bootstrap leaves it, too:\n    keeps y\n",
      );
    },
  );

  it("says how to read the first password", async () => {
    const title = { en: "Casdoor", zh: "Casdoor" };
    const firstPassword = { title, user: "root", secret: "casdoor-root", command: "slipway secrets show casdoor-root" };
    const run = await cli("install", {
      install: () => Promise.resolve({ ...installed, changed: false, firstPassword }),
    });

    expect(run.stdout()).toContain("nothing was changed");
    expect(run.stdout()).toContain("Casdoor: log in as root; the first password: slipway secrets show casdoor-root");
  });

  it("names commands as the program was called, with the state directory that was given", async () => {
    const title = { en: "Casdoor", zh: "Casdoor" };
    const firstPassword = { title, user: "root", secret: "casdoor-root", command: "slipway secrets show casdoor-root" };
    const run = await cli(
      "install --state-dir st",
      { install: () => Promise.resolve({ ...installed, firstPassword }) },
      { io: { env: { SLIPWAY_PROGRAM: "./slipway" } } },
    );

    expect(run.stdout()).toContain(`the first password: ./slipway --state-dir ${folder}/st secrets show casdoor-root`);
  });

  it.each(["abc", "3f9c2a10b7d", "not-a-hash-at-all", "a".repeat(65)])("refuses the plan hash %s", async (hash) => {
    const run = await cli(`install --plan-hash ${hash}`, {});

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("its first 12 digits");
  });

  it.each(["0", "ten", "1.5h", "-1"])("refuses the timeout %s", async (timeout) => {
    expect((await cli(`install --timeout=${timeout}`, {})).status).toBe(2);
  });
});
