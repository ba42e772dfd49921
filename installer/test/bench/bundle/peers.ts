import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import type { TokenIssuer } from "../../stand-ins/registry/signed-tokens.ts";
import { mustRun, startChild } from "../../support/child.ts";
import { findFreePort } from "./free-port.ts";

/** A registry on loopback that is gone, with all it holds, when it is closed. */
export interface BenchRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly close: () => Promise<void>;
}

/**
 * Debian's registry, empty, on a folder below `parent`.
 * @param issuer whose tokens it asks for; without one everybody may do everything
 */
export async function startRegistry(parent: string, issuer?: TokenIssuer): Promise<BenchRegistry> {
  const folder = await mkdtemp(join(parent, "registry-"));
  const host = `127.0.0.1:${await findFreePort()}`;
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data"), maxthreads: 100 }, delete: { enabled: true } },
    http: { addr: host, secret: "bench" },
    ...(issuer === undefined ? {} : { auth: { token: await tokenAuth(folder, issuer) } }),
  };
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify(config));
  const child = startChild("docker-registry", ["serve", file]);
  await answers(
    host,
    child.ended.then((result) => Promise.reject(new Error(`docker-registry ended:\n${result.stderr}`))),
  );
  return {
    host,
    close: async () => {
      child.process.kill("SIGKILL");
      await child.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function tokenAuth(folder: string, issuer: TokenIssuer): Promise<unknown> {
  const file = join(folder, "issuer.pem");
  await writeFile(file, issuer.certificate);
  // crane does not go to a realm that is a private address; a name is as good.
  const realm = issuer.url.replace("127.0.0.1", "localhost");
  return { realm, service: issuer.service, issuer: issuer.issuer, rootcertbundle: file };
}

async function answers(host: string, ended: Promise<never>): Promise<void> {
  const attempt = async (): Promise<void> => {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = await fetch(`http://${host}/v2/`).catch(() => undefined);
      await found?.body?.cancel();
      if (found?.ok === true || found?.status === 401) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no registry answers at ${host}`);
  };
  ended.catch(() => undefined);
  await Promise.race([attempt(), ended]);
}

/** A way to `target` (`host:port`) that takes `delayMs` longer in each direction. */
export async function startDelay(target: string, delayMs: number): Promise<BenchRegistry> {
  const [host, port] = target.split(":");
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: host ?? "", port: Number(port), noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => setTimeout(() => to.writable && to.write(chunk), delayMs));
      from.on("end", () => setTimeout(() => to.end(), delayMs));
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Versions of the rivals, for the head of the table. */
export async function versionOf(program: string, args: readonly string[]): Promise<string> {
  const text = await mustRun(program, args);
  return /\d+\.\d+[\w.+~-]*/.exec(text)?.[0] ?? text.trim();
}
