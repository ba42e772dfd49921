import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { type Duplex, PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { refusal } from "../../../test/stand-ins/api-server/answers.ts";
import { type ClusterBed, openClusterBed } from "../../../test/stand-ins/api-server/cluster-bed.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { issueCertificate } from "../../../test/support/issue-certificate.ts";

let bed: ClusterBed;

afterEach(() => bed.close());

function lastAuthorization(): string | undefined {
  return bed.server.requests.at(-1)?.headers.authorization;
}

describe("who asks a cluster", () => {
  it("may show a client certificate", async () => {
    const clients = await issueCertificate({ commonName: "client authority", authority: true });
    const { pem, key } = await issueCertificate({
      commonName: "ann",
      issuer: clients,
      uses: ["1.3.6.1.5.5.7.3.2"] as never,
    });
    const user = {
      "client-certificate-data": Buffer.from(pem).toString("base64"),
      "client-key-data": Buffer.from(key).toString("base64"),
    };
    bed = await openClusterBed({ user, clients });

    await bed.cluster.version();

    expect(bed.server.requests.at(-1)).toMatchObject({ client: "ann" });
    expect(lastAuthorization()).toBeUndefined();
  });

  it("may have a token in a file, which is read again for each request", async () => {
    bed = await openClusterBed({ user: { tokenFile: "token" } });
    await writeFile(join(bed.folder, "token"), "first\n");
    await bed.cluster.version();
    const first = lastAuthorization();
    await writeFile(join(bed.folder, "token"), "second\n");

    await bed.cluster.version();

    expect([first, lastAuthorization()]).toEqual(["Bearer first", "Bearer second"]);
  });

  it("may have a password, and act as somebody else", async () => {
    bed = await openClusterBed({
      user: { username: "ann", password: "geheim", as: "bob", "as-groups": ["ops", "dev"] },
    });

    await bed.cluster.version();

    expect(bed.server.requests.at(-1)?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("ann:geheim").toString("base64")}`,
      "impersonate-user": "bob",
      "impersonate-group": "ops, dev",
    });
  });

  it("is asked for anew where the kubeconfig was changed after a refusal", async () => {
    bed = await openClusterBed({
      user: { token: "old" },
      answer: ({ headers }) =>
        headers.authorization === "Bearer old" ? refusal(401, "Unauthorized", "Unauthorized") : undefined,
    });
    await errorOf(() => bed.cluster.version());
    await writeFile(bed.kubeconfigPath, bed.server.kubeconfig({ token: "new" }));

    await expect(bed.cluster.version()).resolves.toMatchObject({ version: "v1.35.4" });
  });
});

/** A cluster whose user is signed in by this shell script. */
async function signedInBy(script: string, more: object = {}, limits = {}): Promise<void> {
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./sign-in", ...more };
  bed = await openClusterBed({
    user: { exec },
    limits,
    env: { FROM_OUTSIDE: "outside" },
    answer: ({ headers }) =>
      headers.authorization?.endsWith("revoked") === true ? refusal(401, "Unauthorized", "Unauthorized") : undefined,
  });
  const path = join(bed.folder, "sign-in");
  await writeFile(path, `#!/bin/sh\ncd ${bed.folder}\n${script}\n`);
  await chmod(path, 0o755);
}

function credential(token: string, more = ""): string {
  const status = `"status":{"token":"${token}"${more}}`;
  return `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",${status}}'`;
}

describe("a program that signs in", () => {
  it("is asked once, with its environment and ours, and told what it is for", async () => {
    const env = [{ name: "OWN", value: "own" }];
    const script = `echo "$1 $OWN $FROM_OUTSIDE" >> asked; printenv KUBERNETES_EXEC_INFO > info\n${credential("t1")}`;
    await signedInBy(script, { args: ["--now"], env, provideClusterInfo: true });

    await bed.cluster.version();
    await bed.cluster.version();

    expect(lastAuthorization()).toBe("Bearer t1");
    await expect(readFile(join(bed.folder, "asked"), "utf8")).resolves.toBe("--now own outside\n");
    expect(JSON.parse(await readFile(join(bed.folder, "info"), "utf8"))).toMatchObject({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: false, cluster: { server: bed.server.url } },
    });
  });

  it("is asked again when its credentials are over", async () => {
    const over = `,"expirationTimestamp":"2020-01-01T00:00:00Z"`;
    await signedInBy(`echo x >> asked\n${credential("t1", over)}`);

    await bed.cluster.version();
    await bed.cluster.version();

    await expect(readFile(join(bed.folder, "asked"), "utf8")).resolves.toBe("x\nx\n");
  });

  it("is asked again when the cluster does not accept them any more", async () => {
    await signedInBy(
      `echo x >> asked\nif [ -e second ]; then ${credential("good")}; else ${credential("revoked")}; fi; touch second`,
    );

    await expect(bed.cluster.version()).resolves.toMatchObject({ version: "v1.35.4" });
    await expect(readFile(join(bed.folder, "asked"), "utf8")).resolves.toBe("x\nx\n");
  });

  it("is named when the cluster does not accept what it gives", async () => {
    await signedInBy(credential("revoked"));

    const error = await errorOf(() => bed.cluster.version());

    expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
    expect(error.message).toContain(`does not accept what ${join(bed.folder, "sign-in")} gives for the user test-user`);
  });

  it.each<readonly [string, string, object, RegExp]>([
    [
      "fails",
      "echo 'run login first' >&2; exit 7",
      { output: ["run login first"] },
      /sign-in gave no credentials for the user test-user$/,
    ],
    [
      "prints something else, which is not shown",
      "echo geheim",
      {},
      /did not give credentials for the user test-user, but something else$/,
    ],
    ["takes too long", "exec sleep 60", {}, /gave no credentials for the user test-user within 0.3 s/],
  ])("is told from others when it %s", async (_name, script, more, message) => {
    await signedInBy(script, {}, { programMs: 300 });

    const error = await errorOf(() => bed.cluster.version());

    expect(error).toMatchObject({ code: "PREFLIGHT_FAILED", ...more });
    expect(error.message).toMatch(message);
    expect(JSON.stringify([error, error.message])).not.toContain("geheim");
  });

  it("is missed by its name, with what the kubeconfig says about it", async () => {
    const exec = { command: "slipway-no-such-program", installHint: "get it from your cloud" };
    bed = await openClusterBed({ user: { exec } });

    await expect(errorOf(() => bed.cluster.version())).resolves.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "slipway-no-such-program, which signs the user test-user in, is not installed",
      hint: "get it from your cloud",
    });
  });
});

describe("a proxy on the way to a cluster", () => {
  let proxy: Server;
  let asked: string[];

  beforeEach(() => {
    asked = [];
  });

  afterEach(async () => {
    bed.cluster.close();
    await new Promise((resolve) => proxy.close(resolve));
  });

  /** Connects both ways. */
  function tie(socket: Duplex, host: string, port: number, greeting: string | Buffer): void {
    const onward = connect(port, host, () => {
      socket.write(greeting);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
  }

  async function openBedBehind(server: Server, urlAt: (port: number) => string): Promise<number> {
    proxy = server;
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as { readonly port: number };
    const sockets = new WebSocketServer({ noServer: true });
    bed = await openClusterBed({
      cluster: { "proxy-url": urlAt(port) },
      onUpgrade: (request, socket, head) =>
        sockets.handleUpgrade(request, socket, head, (opened) => {
          opened.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Success"}')]));
          opened.close();
        }),
    });
    return port;
  }

  /** By a program and by a question; the connection of a program is never used again. */
  async function expectReached(): Promise<void> {
    const streams = { output: new PassThrough(), errors: new PassThrough(), terminal: false };
    const container = { namespace: "demo", pod: "web-0", container: "web" };

    await expect(bed.cluster.exec(container, ["true"], streams)).resolves.toBe(0);
    await expect(bed.cluster.version()).resolves.toMatchObject({ version: "v1.35.4" });

    expect(asked).toEqual(Array<string>(2).fill(new URL(bed.server.url).host));
  }

  it("is asked for a tunnel, and named without its password when it refuses one", async () => {
    let refuses = false;
    const server = createServer().on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      if (refuses) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      const { hostname, port } = new URL(`http://${request.url ?? ""}`);
      tie(socket, hostname, Number(port), "HTTP/1.1 200 Connection established\r\n\r\n");
    });
    const port = await openBedBehind(server, (at) => `http://ann:geheim@127.0.0.1:${at}`);

    await expectReached();
    bed.cluster.close();
    refuses = true;
    const error = await errorOf(() => bed.cluster.version());

    expect(error.message).toBe(
      `the API server ${bed.server.url} (context test) cannot be reached, by way of the proxy 127.0.0.1:${port}: the proxy refused (403)`,
    );
    expect(String(error.cause)).not.toContain("geheim");
  });

  it("may speak SOCKS", async () => {
    const server = createTcpServer((socket) => {
      // RFC 1928: no password, then CONNECT to an IPv4 address.
      socket.once("data", () => {
        socket.write(Buffer.from([5, 0]));
        socket.once("data", (request: Buffer) => {
          const host = [...request.subarray(4, 8)].join(".");
          const port = request.readUInt16BE(8);
          asked.push(`${host}:${port}`);
          tie(socket, host, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
    await openBedBehind(server, (at) => `socks5://127.0.0.1:${at}`);

    await expectReached();
  });
});
