import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type WebSocket from "ws";
import { WebSocketServer } from "ws";
import { type ClusterBed, openClusterBed } from "../../../test/stand-ins/api-server/cluster-bed.ts";

const web = { namespace: "demo", pod: "web-0", container: "web" };

let bed: ClusterBed;

afterEach(() => bed.close());

interface Container {
  /** What it does once somebody is connected. */
  readonly run: (send: (channel: number, content: string) => void, socket: WebSocket) => void;
  /** What it does with a message. */
  readonly receive?: (channel: number, content: string, send: (channel: number, content: string) => void) => void;
  readonly protocol?: string;
}

/** A cluster with a container in it; resolves with the paths that were connected to. */
async function containing({ run, receive, protocol = "v5.channel.k8s.io" }: Container): Promise<readonly URL[]> {
  const paths: URL[] = [];
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (given) => given.has(protocol) && protocol });
  bed = await openClusterBed({
    onUpgrade: (request, socket, head) => {
      paths.push(new URL(request.url ?? "", "http://server"));
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const send = (channel: number, content: string): void =>
          opened.send(Buffer.concat([Buffer.from([channel]), Buffer.from(content)]));
        opened.on("message", (message: Buffer) => receive?.(message[0] ?? -1, message.subarray(1).toString(), send));
        run(send, opened);
      });
    },
  });
  return paths;
}

const success = JSON.stringify({ status: "Success" });

function exited(code: number): string {
  const details = { causes: [{ reason: "ExitCode", message: String(code) }] };
  return JSON.stringify({ status: "Failure", reason: "NonZeroExitCode", message: "command terminated", details });
}

/** Runs a program in it, with what it is given. */
async function exec(
  options: { readonly input?: Readable; readonly terminal?: boolean; readonly signal?: AbortSignal } = {},
) {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const { terminal = false, input, signal } = options;
  const code = await bed.cluster.exec(
    web,
    ["sh", "-c", "exit 3"],
    { output, errors, terminal, ...(input === undefined ? {} : { input }) },
    signal,
  );
  return { code, output: await text(output.end()), errors: await text(errors.end()) };
}

describe("a program in a container", () => {
  it("has its outputs apart and an exit status", async () => {
    const paths = await containing({
      run: (send, socket) => {
        send(1, "out ");
        send(2, "err");
        send(1, "put");
        send(3, exited(3));
        socket.close();
      },
    });

    await expect(exec()).resolves.toEqual({ code: 3, output: "out put", errors: "err" });

    expect(paths.map(({ pathname }) => pathname)).toEqual(["/api/v1/namespaces/demo/pods/web-0/exec"]);
    expect(paths[0]?.searchParams.toString()).toBe(
      "container=web&stdin=false&stdout=true&stderr=true&tty=false&command=sh&command=-c&command=exit+3",
    );
  });

  it("is told when its input ends, and goes on after that", async () => {
    let received = "";
    await containing({
      run: () => undefined,
      receive: (channel, content, send) => {
        if (channel === 0) received += content;
        if (channel !== 255) return;
        send(1, `got ${received.length} bytes`);
        send(3, content === "\0" ? success : exited(9));
        send(255, "\u0001");
      },
    });
    const chunks = Array<Buffer>(40).fill(Buffer.alloc(10_000, "x"));

    await expect(exec({ input: Readable.from(chunks) })).resolves.toMatchObject({
      code: 0,
      output: "got 400000 bytes",
    });
  });

  it("is not given input by a server that cannot be told where it ends", async () => {
    await containing({ protocol: "v4.channel.k8s.io", run: () => undefined });

    await expect(exec({ input: Readable.from(["x"]) })).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: "programs are given input by Kubernetes 1.30 and later",
    });
  });

  it("runs without input on such a server", async () => {
    await containing({
      protocol: "v4.channel.k8s.io",
      run: (send, socket) => {
        send(3, success);
        socket.close();
      },
    });

    await expect(exec()).resolves.toMatchObject({ code: 0 });
  });

  it("has a terminal as large as ours, always", async () => {
    const sizes: string[] = [];
    await containing({
      run: () => undefined,
      receive: (channel, content, send) => {
        if (channel !== 4) return;
        sizes.push(content);
        if (sizes.length === 2) send(3, success);
      },
    });
    const output = Object.assign(new PassThrough(), { columns: 80, rows: 24 });

    const running = bed.cluster.exec(web, ["sh"], { output, errors: new PassThrough(), terminal: true });
    await vi.waitFor(() => expect(sizes).toHaveLength(1), { timeout: 20_000 });
    Object.assign(output, { columns: 120, rows: 40 }).emit("resize");

    await expect(running).resolves.toBe(0);
    expect(sizes.map((size) => JSON.parse(size) as unknown)).toEqual([
      { Width: 80, Height: 24 },
      { Width: 120, Height: 40 },
    ]);
  });

  it("that cannot be started is refused in the cluster's words", async () => {
    const message = 'exec failed: exec: "nope": executable file not found in $PATH';
    await containing({
      run: (send, socket) => {
        send(3, JSON.stringify({ kind: "Status", status: "Failure", reason: "InternalError", message }));
        socket.close();
      },
    });

    await expect(exec()).rejects.toMatchObject({
      reason: "InternalError",
      message: `the cluster refused to run sh in demo/web-0 (web): ${message}`,
    });
  });

  it("whose connection breaks is no success", async () => {
    await containing({
      run: (send, socket) => {
        send(1, "half");
        setTimeout(() => socket.terminate(), 20);
      },
    });

    await expect(exec()).rejects.toThrow("the connection broke off before the program had ended");
  });

  it("is left alone when nobody waits for it any more", async () => {
    const stop = new AbortController();
    await containing({ run: () => setTimeout(() => stop.abort(new Error("interrupted")), 20) });

    await expect(exec({ signal: stop.signal })).rejects.toThrow("interrupted");
  });

  it("is connected to as it runs", async () => {
    const paths = await containing({
      run: (send, socket) => {
        send(1, "hello");
        socket.close();
      },
    });
    const output = new PassThrough();

    await bed.cluster.attach(web, { output, errors: new PassThrough(), terminal: false });

    expect(await text(output.end())).toBe("hello");
    expect(paths[0]?.pathname).toBe("/api/v1/namespaces/demo/pods/web-0/attach");
  });

  it("is refused to those who may not, with what they lack", async () => {
    const message =
      'pods "web-0" is forbidden: User "ann" cannot create resource "pods/exec" in API group "" in the namespace "demo"';
    const body = JSON.stringify({ kind: "Status", status: "Failure", reason: "Forbidden", message, code: 403 });
    bed = await openClusterBed({
      onUpgrade: (_request, socket) => {
        socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      },
    });

    await expect(exec()).rejects.toMatchObject({
      status: 403,
      message:
        "the cluster refused to run sh in demo/web-0 (web): ann may not create pods/exec web-0 in the namespace demo",
      details: ['apiGroups: [""], resources: ["pods/exec"], verbs: ["create"]'],
    });
  });
});
