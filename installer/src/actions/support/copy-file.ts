import { PreflightError } from "../../errors/installer-error.ts";
import { lineSplitter } from "../../platform/line-splitter.ts";
import type { ActionPorts } from "../context.ts";

type Files = Pick<ActionPorts, "bulkFiles">;

/**
 * Hands over a file piece by piece.
 * @throws PreflightError when it is not there or cannot be read
 */
export async function copyFile(path: string, write: (piece: Uint8Array) => void, { bulkFiles }: Files): Promise<void> {
  const opened = await bulkFiles.open(path);
  if (opened === undefined) throw new PreflightError(`there is no ${path}`);
  try {
    for await (const chunk of opened.stream(0, opened.size) as AsyncIterable<Buffer>) write(chunk);
  } finally {
    await opened.close();
  }
}

/**
 * Hands over the lines of a file, one by one.
 * @throws as `copyFile`
 */
export async function readLines(path: string, onLine: (line: string) => void, ports: Files): Promise<void> {
  const lines = lineSplitter(onLine);
  await copyFile(path, (piece) => lines.push(Buffer.from(piece)), ports);
  lines.end();
}
