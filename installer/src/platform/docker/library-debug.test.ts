import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runChild } from "../../../test/support/child.ts";
import { startFakeEngine } from "../../../test/stand-ins/engine/fake-engine.ts";

/** A program that pulls one image with a password. */
function pullWithPassword(source: string): string {
  return `
    import { createDockerEngine } from ${JSON.stringify(`${source}/docker-engine.ts`)};
    import { createExec } from ${JSON.stringify(`${source}/exec.ts`)};
    const docker = createDockerEngine({ env: process.env, exec: createExec(process.env) });
    await docker.pullImage({
      reference: "corp.example/a:1",
      credentials: { kind: "password", username: "me", password: process.env.SECRET },
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });`;
}

it("prints no credentials, even when it is asked to print what it sends", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  const path = join(folder, "docker.sock");
  const engine = await startFakeEngine({ listen: { path }, answer: () => ({ body: "" }) });
  const source = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
  const env = { ...process.env, DOCKER_HOST: `unix://${path}`, DEBUG: "*", SECRET: "tell-nobody" };
  try {
    const program = ["--input-type=module-typescript", "--eval", pullWithPassword(source)];
    const { exitCode, stdout, stderr } = await runChild(process.execPath, program, { env });

    const header = String(engine.requests[0]?.headers["x-registry-auth"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(Buffer.from(header, "base64url").toString()).toContain("tell-nobody");
    expect(stderr).toContain("X-Registry-Auth");
    expect(stderr).not.toContain(header);
    expect(stderr).not.toContain("tell-nobody");
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
});
