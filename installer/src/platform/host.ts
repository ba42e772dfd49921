import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { availableParallelism, totalmem } from "node:os";
import type { Host } from "./ports.ts";

/** The machine this program runs on. */
export function createHost(): Host {
  return {
    memoryBytes: () => Promise.resolve(totalmem()),
    cpuCount: () => availableParallelism(),
    isRoot: () => process.getuid?.() === 0,
    uid: () => process.getuid?.() ?? 0,
    bindError,
    connectError,
    resolve: async (name) => (await lookup(name, { all: true })).map((entry) => entry.address),
    processAlive,
    bootId: async () => (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
  };
}

function bindError(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

const connectTimeoutMs = 3000;

function connectError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(connectTimeoutMs, () => end("ETIMEDOUT"));
    socket.once("connect", () => end(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is alive and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
