import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { certificateAuthority } from "../../src/execute/secrets/certificates.ts";
import type { Exec } from "../../src/platform/ports.ts";
import { createSeededRandom } from "../support/memory-ports.ts";

export interface IssuerUser {
  readonly password: string;
  /** `pull` or `push,pull` on everything. */
  readonly actions: readonly ("pull" | "push")[];
}

export interface TokenIssuer {
  /** For `realm`. */
  readonly url: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM, for `rootcertbundle`. */
  readonly certificate: string;
  /** Scopes of each token that was given out. */
  readonly issued: readonly (readonly string[])[];
  close(): Promise<void>;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * Gives out tokens as the distribution project's token specification has them: JSON Web Tokens signed with ES256, the key
 * named by its thumbprint (RFC 7638), which the registry computes from the certificate too.
 * @param lifeSeconds how long a token is said to be good for
 */
export async function startTokenIssuer(
  users: Readonly<Record<string, IssuerUser>>,
  lifeSeconds = 300,
): Promise<TokenIssuer> {
  const authority = await certificateAuthority(createSeededRandom("token issuer"), new Date(), {
    commonName: "token issuer of tests",
    years: 1,
  });
  const issued: string[][] = [];
  const names = { service: "registry of tests", issuer: "issuer of tests" };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const [name = "", ...rest] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":");
    const user = users[name];
    if (user?.password !== rest.join(":")) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}');
      return;
    }
    const scopes = url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
    issued.push(scopes);
    const access = scopes.map((scope) => allowed(scope, user));
    const token = signToken(authority, { ...names, subject: name, lifeSeconds, access });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token, expires_in: lifeSeconds }));
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...names,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    certificate: authority.certificate,
    issued,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `repository:a/b:pull,push`, less what the user may not do. */
function allowed(scope: string, { actions }: IssuerUser): Access {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  return {
    type: scope.slice(0, first),
    name: scope.slice(first + 1, last),
    actions: scope
      .slice(last + 1)
      .split(",")
      .filter((action) => (actions as readonly string[]).includes(action)),
  };
}

interface Claims {
  readonly service: string;
  readonly issuer: string;
  readonly subject: string;
  readonly lifeSeconds: number;
  readonly access: readonly Access[];
}

function signToken(authority: { readonly privateKey: string; readonly certificate: string }, claims: Claims): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const kid = thumbprint(authority.certificate);
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.service,
    exp: now + claims.lifeSeconds,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access: claims.access,
  };
  const text = `${encode({ typ: "JWT", alg: "ES256", kid })}.${encode(payload)}`;
  const key = createPrivateKey(authority.privateKey);
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** The registry takes coordinates as numbers, so that zeros in front of them are not hashed. */
function thumbprint(certificate: string): string {
  const { crv, kty, x = "", y = "" } = createPublicKey(certificate).export({ format: "jwk" });
  const plain = (coordinate: string): string => {
    const bytes = Buffer.from(coordinate, "base64url");
    return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString("base64url");
  };
  return createHash("sha256")
    .update(JSON.stringify({ crv, kty, x: plain(x), y: plain(y) }))
    .digest("base64url");
}

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
