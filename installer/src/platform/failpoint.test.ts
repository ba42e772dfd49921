import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runChild } from "../../test/support/child.ts";
import { createFailpoint } from "./failpoint.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-failpoint-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a failpoint", () => {
  it("does nothing unless the environment names it", () => {
    const failpoint = createFailpoint({ PATH: "/bin" });

    expect(failpoint("a")).toBeUndefined();
  });

  it("writes down every point that is reached, in order", async () => {
    const log = join(folder, "log");
    const failpoint = createFailpoint({ SLIPWAY_FAILPOINT_LOG: log });

    await failpoint("a");
    await failpoint("b");

    expect(readFileSync(log, "utf8")).toBe("a\nb\n");
  });

  it("holds the run at the named point until the file is there, and nowhere else", async () => {
    const go = join(folder, "go");
    const failpoint = createFailpoint({ SLIPWAY_FAILPOINT: "hold:b", SLIPWAY_FAILPOINT_GO: go });
    const order: string[] = [];

    await failpoint("a");
    order.push("passed a");
    const held = Promise.resolve(failpoint("b")).then(() => order.push("passed b"));
    order.push("let go");
    writeFileSync(go, "");
    await held;

    expect(order).toEqual(["passed a", "let go", "passed b"]);
  });

  it("ends the program at the named point as a power cut would", async () => {
    const module = new URL("./failpoint.ts", import.meta.url).href;
    const script = `import { createFailpoint } from "${module}";
      const failpoint = createFailpoint(process.env);
      for (const name of ["a", "b", "c"]) { await failpoint(name); console.log(name); }`;

    const result = await runChild(process.execPath, ["--input-type=module", "--eval", script], {
      env: { SLIPWAY_FAILPOINT: "b" },
    });

    expect([result.signal, result.stdout]).toEqual(["SIGKILL", "a\n"]);
  });
});
