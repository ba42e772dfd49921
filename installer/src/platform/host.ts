import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
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

function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is alive and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
