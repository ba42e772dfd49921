import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addCheck, addCounts, closingLine, emptyTally } from "./tally.ts";

const counts = { passed: 3, failed: [], skipped: [] };

describe("the closing line", () => {
  it("counts checks and single tests", () => {
    const tally = emptyTally();

    addCheck(tally, "typecheck", true);
    addCounts(tally, "unit", counts, 0);

    expect(closingLine(tally)).toBe("4 passed, 0 failed");
  });

  it("names skipped tests only when there are any", () => {
    const tally = emptyTally();

    addCheck(tally, "eslint", false);
    addCounts(tally, "unit", { ...counts, failed: ["a"], skipped: [{ name: "b", reason: "no browser" }] }, 1);

    expect(closingLine(tally)).toBe("3 passed, 2 failed, 1 skipped");
    expect(tally.failed).toEqual(["eslint", "a"]);
  });
});

describe("a run of tests", () => {
  it.each([
    ["ended without a result", undefined, 0, "unit: it ended (exit 0) without a result"],
    ["failed by its coverage", counts, 1, "unit: exit 1 although no test failed"],
    ["ran no test", { ...counts, passed: 0 }, 0, "unit: no test ran"],
  ])("that %s is a failure", (_name, found, exitCode, message) => {
    const tally = emptyTally();

    addCounts(tally, "unit", found, exitCode);

    expect(tally.failed).toEqual([message]);
  });
});

describe("the setup of a checkout, in a shell", () => {
  const script = fileURLToPath(new URL("../ensure-packages.sh", import.meta.url));
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-setup-"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "package-lock.json"), "{}\n");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** An npm that notes each call and makes what the real one would. */
  function fakeNpm(body: string): void {
    writeFileSync(join(folder, "bin/npm"), `#!/bin/sh\necho "$@" >> ${folder}/calls\n${body}\n`);
    chmodSync(join(folder, "bin/npm"), 0o755);
  }

  function ensureNode() {
    const path = `${folder}/bin:/usr/bin:/bin`;
    return spawnSync("sh", ["-euc", `. ${script}; ensure_node ${folder}`], {
      encoding: "utf8",
      env: { PATH: path, TMPDIR: folder },
    });
  }

  const makeNode = `mkdir -p node_modules/.bin && printf '#!/bin/sh\\n' > node_modules/.bin/node && chmod +x node_modules/.bin/node`;

  it("calls npm once, and again only when the lock file changed", () => {
    fakeNpm(makeNode);

    const statuses = [ensureNode().status, ensureNode().status];
    writeFileSync(join(folder, "package-lock.json"), '{"changed":true}\n');
    statuses.push(ensureNode().status);

    expect(statuses).toEqual([0, 0, 0]);
    expect(readFileSync(join(folder, "calls"), "utf8").trim().split("\n")).toHaveLength(2);
  });

  it("says why it fetches", () => {
    fakeNpm(makeNode);

    const first = ensureNode().stderr;
    writeFileSync(join(folder, "package-lock.json"), '{"changed":true}\n');

    expect([first, ensureNode().stderr]).toEqual([
      `fetching npm packages into ${folder}/node_modules (there are none yet)\n`,
      `fetching npm packages into ${folder}/node_modules (package-lock.json has changed)\n`,
    ]);
  });

  it("leaves the packages a program is using in place until the new ones are there, also when npm fails", () => {
    fakeNpm(makeNode);
    ensureNode();
    writeFileSync(join(folder, "node_modules/used"), "");
    writeFileSync(join(folder, "package-lock.json"), '{"changed":true}\n');

    fakeNpm(`test -e ${folder}/node_modules/used && test ! -e node_modules && echo "still there"; exit 1`);
    const result = ensureNode();

    expect(result.stderr).toContain("still there");
    expect(existsSync(join(folder, "node_modules/used"))).toBe(true);
    expect(existsSync(join(folder, ".node_modules.new"))).toBe(false);
  });

  it("lets one of several runs fetch while the others wait", () => {
    const said = join(folder, "said");
    writeFileSync(said, "");
    // The one that fetches is not through before the other has said that it waits.
    fakeNpm(`until grep -q "waiting for it" ${said}; do sleep 0.05; done\n${makeNode}`);

    const one = `(. ${script}; ensure_node ${folder}) 2>>${said}`;
    const result = spawnSync("sh", ["-uc", `${one} & a=$!; ${one} & b=$!; wait $a && wait $b`], {
      encoding: "utf8",
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, TMPDIR: folder },
    });

    expect(result.status).toBe(0);
    expect(readFileSync(said, "utf8")).toContain("another run is fetching npm packages");
    expect(readFileSync(join(folder, "calls"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("shows what npm said when it failed, without its usage text", () => {
    fakeNpm('echo "npm error 404"; echo "npm error Clean install a project"; echo "npm error Usage:"; exit 1');

    const result = ensureNode();

    expect(result.status).toBe(1);
    expect(result.stderr).toContain("npm error 404\nerror: npm ci failed");
    expect(result.stderr).not.toContain("Usage");
  });

  it("hands on how the program was called, without a call of npm", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    fakeNpm("exit 1");
    mkdirSync(join(folder, "scripts"));
    mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
    writeFileSync(join(folder, "node_modules/.slipway-package-lock.json"), "{}\n");
    writeFileSync(join(folder, "node_modules/.bin/node"), '#!/bin/sh\necho "$SLIPWAY_PROGRAM"\n', { mode: 0o755 });
    copyFileSync(script, join(folder, "scripts/ensure-packages.sh"));
    copyFileSync(join(root, "slipway"), join(folder, "slipway"));
    const call = (line: string, cwd: string) =>
      execFileSync("sh", ["-c", line], { cwd, encoding: "utf8", env: { PATH: `${folder}/bin:/usr/bin:/bin` } }).trim();

    expect([
      call("./slipway", folder),
      call(`${folder}/slipway`, folder),
      call(`${folder}/slipway`, "/"),
      call(`PATH=${folder}:$PATH; slipway`, "/"),
    ]).toEqual(["./slipway", "./slipway", `${folder}/slipway`, "slipway"]);
    expect(existsSync(join(folder, "calls"))).toBe(false);
  });

  it("is right in every entry point for a POSIX shell", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));

    for (const name of [
      "slipway",
      "quickstart",
      "test",
      ".ci/run",
      "scripts/ensure-packages.sh",
      "scripts/testbed/test-tools.sh",
    ]) {
      expect(() => execFileSync("sh", ["-n", join(root, name)])).not.toThrow();
    }
  });
});
