/** A private registry beside a cluster: TLS by an authority of its own, one login. */
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { hash } from "bcryptjs";
import { mustRun } from "../support/child.ts";
import { issueCertificate } from "../support/issue-certificate.ts";

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

export interface PrivateRegistry {
  /** `10.99.1.1:43123`. */
  readonly host: string;
  /** PEM file of the authority that signed its certificate. */
  readonly authority: string;
  /** Takes another login from now on, and the one before no longer. */
  allow(login: RegistryLogin): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts one in a container on this machine's network.
 * @param folder for its files; made by this
 * @param address of this machine
 */
export async function startPrivateRegistry(
  container: string,
  image: string,
  { folder, address, login }: { readonly folder: string; readonly address: string; readonly login: RegistryLogin },
): Promise<PrivateRegistry> {
  const authority = await issueCertificate({ commonName: "registry authority", authority: true });
  const server = await issueCertificate({
    commonName: "registry",
    names: [address],
    issuer: authority,
    uses: ["1.3.6.1.5.5.7.3.1"],
  });
  const host = `${address}:${await freePort(address)}`;
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: "/tmp/registry" } },
    auth: { htpasswd: { realm: "test", path: "/etc/distribution/htpasswd" } },
    http: { addr: host, tls: { certificate: "/etc/distribution/cert.pem", key: "/etc/distribution/key.pem" } },
  };
  const allow = async ({ username, password }: RegistryLogin): Promise<void> =>
    writeFile(join(folder, "htpasswd"), `${username}:${await hash(password, 5)}\n`);
  await mkdir(folder);
  await writeFile(join(folder, "ca.pem"), authority.pem);
  await writeFile(join(folder, "cert.pem"), server.pem);
  await writeFile(join(folder, "key.pem"), server.key);
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  await allow(login);
  const files = `type=bind,source=${folder},destination=/etc/distribution,readonly`;
  const run = ["run", "--detach", "--name", container, "--network", "host", "--user", "0:0", "--mount", files];
  await mustRun("docker", [...run, "--env", "OTEL_TRACES_EXPORTER=none", image]);
  return {
    host,
    authority: join(folder, "ca.pem"),
    allow,
    close: async () => {
      await mustRun("docker", ["rm", "--force", "--volumes", container]);
    },
  };
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
