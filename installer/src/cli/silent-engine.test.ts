import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startChild } from "../../test/support/child.ts";
import { startFakeEngine } from "../../test/stand-ins/engine/fake-engine.ts";

it("Ctrl-C ends a command whose engine accepts and never answers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  const path = join(folder, "docker.sock");
  const engine = await startFakeEngine({ listen: { path }, answer: () => "silence" });
  try {
    const env = { ...process.env, DOCKER_HOST: `unix://${path}` };
    const main = new URL("./main.ts", import.meta.url).pathname;
    const status = startChild(process.execPath, [main, "status", "--state-dir", folder], { env });
    await engine.heard(1);

    status.process.kill("SIGINT");

    const { exitCode, signal, stderr } = await status.ended;
    expect({ exitCode, signal, stderr }).toMatchObject({ exitCode: 130, signal: null });
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
});
