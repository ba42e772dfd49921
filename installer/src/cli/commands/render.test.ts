import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("render", () => {
  const rendered = (out?: string) => ({
    apiVersion,
    kind: "RenderResult" as const,
    name: "slipway",
    mode: "compose" as const,
    ...(out !== undefined && { out }),
    files: [{ path: "compose.yaml", secret: false, contents: "name: x\n" }],
    written: 1,
    removed: [],
    notes: [],
  });

  it("writes to a directory, prints with -, and needs one of them", async () => {
    const written = await cli("render --out out", { render: (request) => Promise.resolve(rendered(request.out)) });
    const printed = await cli("render --mode helm --out -", {
      render: (request) => Promise.resolve(rendered(request.out)),
    });

    expect(written.stdout()).toContain(`1 of 1 files written to ${join(folder, "out")}`);
    expect(printed.requests["render"]?.[0]).not.toHaveProperty("out");
    expect(printed.stdout()).toBe("# ==> compose.yaml <==\nname: x\n");
    expect((await cli("render", {})).status).toBe(2);
  });
});
