import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../errors/installer-error.ts";
import type { Engine } from "../../engine/engine.ts";
import { folder, cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("secrets", () => {
  const secrets: Partial<Engine> = {
    showSecret: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "SecretShowResult",
        name: request.name,
        secret: request.secret,
        value: "s3cret\n",
      }),
    listSecrets: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "SecretsListResult",
        name: request.name,
        secrets: [
          { name: "redis", description: "", generator: "random", parts: [], files: [], usedBy: ["redis", "verify"] },
        ],
      }),
  };

  it("are shown to a terminal, and elsewhere only with --reveal", async () => {
    const terminal = await cli("secrets show redis", secrets, { io: { stdoutIsTTY: true } });
    const pipe = await cli("secrets show redis", secrets);
    const revealed = await cli("secrets show redis --reveal", secrets);

    expect(terminal.stdout()).toBe("s3cret\n");
    expect([pipe.status, pipe.stdout()]).toEqual([10, ""]);
    expect(pipe.stderr()).toContain("--reveal");
    expect(revealed.stdout()).toBe("s3cret\n");
  });

  it("that do not exist are said not to, in a pipe too", async () => {
    const run = await cli("secrets show nope", {
      showSecret: () => Promise.reject(new UsageError("there is no secret nope")),
    });

    expect([run.status, run.stdout()]).toEqual([2, ""]);
    expect(run.stderr()).toBe("error: there is no secret nope\n");
  });

  it("are listed without values", async () => {
    const run = await cli("secrets list", secrets);

    expect(run.stdout()).toContain("redis   random   -        -      -            yes      redis verify");
  });

  it("that were replaced are named with who took them; those that stay with the reason", async () => {
    const asked: unknown[] = [];
    const run = await cli("secrets rotate redis registry --timeout 5m", {
      rotateSecrets: (request) => {
        asked.push(request);
        return Promise.resolve({
          ...{ apiVersion, kind: "SecretsRotateResult", name: request.name, dryRun: false, ms: 4200 },
          rotated: [{ name: "redis", description: "", usedBy: ["redis", "hub"] }],
          kept: [{ name: "mail", reason: "it was given", instead: "replace it there" }],
        });
      },
    });

    expect(asked).toMatchObject([{ secrets: ["redis", "registry"], all: false, dryRun: false, timeoutSeconds: 300 }]);
    expect(run.stderr() + run.stdout()).toContain("redis     redis hub");
    expect(run.stderr() + run.stdout()).toContain("mail: it was given; replace it there");
  });
});

describe("ca export", () => {
  const exported = {
    apiVersion,
    kind: "CaExportResult" as const,
    name: "slipway",
    certificate: "PEM\n",
    fingerprint: "AA",
    expires: "2036",
  };

  it("prints the certificate, or says where it was written", async () => {
    const printed = await cli("ca export", { exportCa: () => Promise.resolve(exported) });
    const written = await cli("ca export --out ca.crt", {
      exportCa: (request) => Promise.resolve({ ...exported, out: request.out ?? "" }),
    });

    expect(printed.stdout()).toBe("PEM\n");
    expect(written.stdout()).toContain(`wrote ${join(folder, "ca.crt")}`);
  });
});
