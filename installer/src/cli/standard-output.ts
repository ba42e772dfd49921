import { type Stats, fstatSync, statSync, writeSync } from "node:fs";
import type { Output } from "./context.ts";

/** What any pipe or socket takes at once, so that writing it cannot wait for a reader. */
const pipeBytes = 64 * 1024;

/**
 * Standard output or error. Into a file or a pipe the first text goes straight away: Node's streams take longer to load than
 * most results to make. A terminal, and what a pipe may not hold, is left to the stream.
 */
export function standardOutput(fd: 1 | 2, stream: () => NodeJS.WriteStream): Output {
  const isDirect = acceptsDirectly(fd);
  let written = 0;
  return {
    write: (text) => {
      const bytes = Buffer.byteLength(text);
      if (!isDirect || written + bytes > pipeBytes) {
        written = pipeBytes;
        stream().write(text);
        return;
      }
      written += bytes;
      writeDirectly(fd, Buffer.from(text), stream);
    },
    get isTTY() {
      return !isDirect && stream().isTTY;
    },
    get columns() {
      return isDirect ? 100 : stream().columns || 100;
    },
  };
}

function acceptsDirectly(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket() || stat.isFile() || isNowhere(stat);
  } catch {
    return false;
  }
}

function isNowhere(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === statSync("/dev/null").rdev;
}

/** What cannot be written now, or at all, is the stream's to wait for or to report. */
function writeDirectly(fd: number, bytes: Buffer, stream: () => NodeJS.WriteStream): void {
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(fd, bytes, at);
  } catch {
    stream().write(bytes.subarray(at));
  }
}
