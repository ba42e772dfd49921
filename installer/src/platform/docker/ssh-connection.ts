import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";
import type { EngineEndpoint } from "./engine-endpoint.ts";

type SshEndpoint = Extract<EngineEndpoint, { readonly kind: "ssh" }>;

/** What ssh said when it could not bring us to the engine. */
export class SshError extends Error {
  readonly code = "SSH_FAILED";
}

/**
 * A connection to the engine of another host, as the docker program makes it: ssh runs `docker system dial-stdio` there.
 * The program and not a library, because it knows this user's keys, agents, known hosts and settings.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #said = "";

  constructor(endpoint: SshEndpoint, env: Readonly<Record<string, string | undefined>>) {
    super();
    // A session of its own: Ctrl-C in the terminal reaches us only.
    this.#child = spawn("ssh", sshArguments(endpoint), { env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-2000)));
    stdin.on("error", () => undefined);
    this.#child.once("error", (error) => this.destroy(error));
    // Not at the end of its output: only now is known why it ended.
    this.#child.once("close", (status) => {
      if (status === 0) this.push(null);
      else this.destroy(new SshError(this.#said.trim() || `ssh ended with ${String(status)}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  /** The four below are what an HTTP agent asks of a socket that it keeps for the next request. */
  ref(): this {
    this.#child.ref();
    for (const socket of this.#sockets()) socket.ref();
    return this;
  }

  unref(): this {
    this.#child.unref();
    for (const socket of this.#sockets()) socket.unref();
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  #sockets(): readonly Socket[] {
    // Node gives a child's pipes as sockets.
    return [this.#child.stdin, this.#child.stdout, this.#child.stderr] as unknown as readonly Socket[];
  }
}

function sshArguments({ host, port, user, socketPath }: SshEndpoint): readonly string[] {
  const remote = socketPath === undefined ? [] : [quote(`--host=unix://${socketPath}`)];
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    ...["-o", "ConnectTimeout=30", "-T", "--", host],
    ...["docker", ...remote, "system", "dial-stdio"],
  ];
}

/** ssh hands what it is to run to a shell on the other side. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
