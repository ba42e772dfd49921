import type { WriteStream } from "node:tty";
import type WebSocket from "ws";
import type { ProgramStreams } from "../cluster-ports.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import type { ApiConnection } from "./api-connection.ts";
import { explainAnswer, explainConnectionError, placeOf, type RefusedAnswer } from "./cluster-errors.ts";
import type { RequestCredentials } from "./credentials.ts";

/** What the server said on the status channel, as JSON; undefined when the connection ended without it. */
export type ChannelEnd = string | undefined;

export interface ChannelCall {
  /** For messages: `to run sh in demo/web-0 (web)`. */
  readonly what: string;
  readonly path: string;
  readonly streams: ProgramStreams;
  readonly signal?: AbortSignal | undefined;
}

/** The first byte of every message says which stream it belongs to. */
const channel = { input: 0, output: 1, errors: 2, status: 3, size: 4, close: 255 } as const;

/** By the fifth the end of the input can be told; the fourth is what older servers speak. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Connects the streams to a program in a container, until that has ended or the signal aborts. */
export async function runChannels(connection: ApiConnection, call: ChannelCall): Promise<ChannelEnd> {
  const { streams, signal } = call;
  signal?.throwIfAborted();
  const socket = await openSocket(connection, call);
  const stop = new AbortController();
  try {
    if (streams.input !== undefined && !streams.terminal && socket.protocol !== protocols[0]) {
      throw new PreflightError(`${placeOf(connection.access())} cannot be told where input ends`, {
        hint: "programs are given input by Kubernetes 1.30 and later",
      });
    }
    signal?.addEventListener("abort", () => socket.terminate(), { signal: stop.signal });
    keepOpen(socket, stop.signal);
    if (streams.terminal) followSize(socket, streams, stop.signal);
    const ended = receive(socket, streams);
    void sendInput(socket, streams, stop.signal);
    const end = await ended;
    signal?.throwIfAborted();
    return end;
  } finally {
    stop.abort();
    socket.terminate();
  }
}

async function openSocket(connection: ApiConnection, call: ChannelCall): Promise<WebSocket> {
  const { default: Socket } = await import("ws");
  const url = `${connection.access().server.replace(/^http/, "ws")}${call.path}`;
  const open = ({ agent, headers }: RequestCredentials): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new Socket(url, protocols, {
        agent,
        headers: headers as Record<string, string>,
        perMessageDeflate: false,
        handshakeTimeout: 60_000,
      });
      socket.once("open", () => resolve(socket)).once("error", reject);
      socket.once("unexpected-response", (_request, answer) => {
        answer.toArray().then((chunks) => {
          const body = Buffer.concat(chunks as Buffer[]).toString("utf8");
          reject(new Refused({ status: answer.statusCode ?? 0, body }));
        }, reject);
      });
    });
  try {
    return await connection.withCredentials(open, (error) => error instanceof Refused && error.answer.status === 401);
  } catch (error) {
    if (error instanceof Refused) throw explainAnswer(error.answer, call.what, connection.access());
    throw explainConnectionError(error, connection.access());
  }
}

class Refused extends Error {
  readonly answer: RefusedAnswer;

  constructor(answer: RefusedAnswer) {
    super("the server refused the connection");
    this.answer = answer;
  }
}

/** Resolves when the program has ended, which is told after all that it printed, or when the connection has. */
function receive(socket: WebSocket, { output, errors }: ProgramStreams): Promise<ChannelEnd> {
  return new Promise((resolve) => {
    socket.on("message", (message: Buffer) => {
      const content = message.subarray(1);
      if (message[0] === channel.status) resolve(content.toString("utf8"));
      if (content.length === 0) return;
      const to = message[0] === channel.output ? output : message[0] === channel.errors ? errors : undefined;
      if (to?.write(content) !== false) return;
      // Whoever reads slowly makes the program wait, not our memory grow.
      socket.pause();
      to.once("drain", () => socket.resume());
    });
    socket.once("close", () => resolve(undefined));
    // `close` follows.
    socket.on("error", () => undefined);
  });
}

async function sendInput(socket: WebSocket, { input, terminal }: ProgramStreams, signal: AbortSignal): Promise<void> {
  if (input === undefined) return;
  const restore = terminal ? takeKeyboard(input) : undefined;
  const end = (): void => {
    restore?.();
    input.destroy();
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    for await (const chunk of input) await send(socket, channel.input, Buffer.from(chunk as Buffer | string));
    if (socket.protocol === protocols[0]) await send(socket, channel.close, Buffer.from([channel.input]));
  } catch {
    // The program has ended before its input: its status tells.
  }
}

/** What stands between here and the cluster ends connections on which nothing goes by. */
function keepOpen(socket: WebSocket, signal: AbortSignal): void {
  const timer = setInterval(() => socket.ping(), 15_000);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Every key goes to the program, Ctrl-C too, until the function that is returned is called. */
function takeKeyboard(input: ProgramStreams["input"]): (() => void) | undefined {
  const keyboard = input as { isTTY?: boolean; isRaw?: boolean; setRawMode?: (raw: boolean) => void };
  if (keyboard.isTTY !== true) return undefined;
  const wasRaw = keyboard.isRaw === true;
  keyboard.setRawMode?.(true);
  return () => keyboard.setRawMode?.(wasRaw);
}

function send(socket: WebSocket, to: number, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(Buffer.concat([Buffer.from([to]), content]), (error) => (error == null ? resolve() : reject(error)));
  });
}

/** The terminal in the container is as large as ours, always. */
function followSize(socket: WebSocket, { output }: ProgramStreams, signal: AbortSignal): void {
  const screen = output as Partial<WriteStream>;
  const tell = (): void => {
    const { columns, rows } = screen;
    if (columns === undefined || rows === undefined || signal.aborted) return;
    send(socket, channel.size, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))).catch(() => undefined);
  };
  tell();
  output.on("resize", tell);
  signal.addEventListener("abort", () => output.off("resize", tell), { once: true });
}
