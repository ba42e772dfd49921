import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Exec } from "../../src/platform/ports.ts";
import type { TokenIssuer } from "../stand-ins/registry/signed-tokens.ts";

export interface DistributionRegistry {
  /** `127.0.0.1:49153`. */
  readonly host: string;
  /** What it wrote to its log. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

/** A `distribution` registry in a container of our own image, which asks for tokens of the issuer. */
export async function startDistributionRegistry(
  exec: Exec,
  image: string,
  issuer: TokenIssuer,
): Promise<DistributionRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-distribution-"));
  const name = `slipway-test-distribution-${randomUUID().slice(0, 8)}`;
  const config = {
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: "/blobs" }, delete: { enabled: true } },
    http: { addr: ":5000", relativeurls: true },
    auth: {
      token: {
        realm: issuer.url,
        service: issuer.service,
        issuer: issuer.issuer,
        rootcertbundle: "/etc/distribution/issuer.pem",
        signingalgorithms: ["ES256"],
      },
    },
  };
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  await writeFile(join(folder, "issuer.pem"), issuer.certificate);
  // The registry runs as a user of its own; nothing in it is secret.
  await chmod(folder, 0o755);
  const close = async (): Promise<void> => {
    await exec.run("docker", ["rm", "--force", "--volumes", name], { allowFailure: true });
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const storage = "type=tmpfs,destination=/blobs,tmpfs-mode=1777";
    const config = `type=bind,source=${folder},destination=/etc/distribution,readonly`;
    await exec.run("docker", [
      ...["run", "--detach", "--name", name, "--publish", "127.0.0.1::5000"],
      ...["--mount", storage, "--mount", config, "--env", "OTEL_TRACES_EXPORTER=none", image],
    ]);
    const { stdout } = await exec.run("docker", ["port", name, "5000/tcp"]);
    const host = stdout.trim().split("\n")[0] ?? "";
    await untilAnswers(`http://${host}/v2/`);
    return {
      host,
      close,
      logs: async () => {
        const { stdout: out, stderr } = await exec.run("docker", ["logs", name]);
        return `${out}\n${stderr}`;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 401) return;
    await delay(100);
  }
  throw new Error(`the registry at ${url} does not come up`);
}
