import { lineSplitter } from "../line-splitter.ts";

const headerBytes = 8;

/** A stream, or what was read of one. */
type Chunks = AsyncIterable<string | Buffer> | readonly Buffer[];

/** Splits Docker's framed stdout and stderr into lines; frames may cut lines anywhere. */
export async function readFramedLines(
  stream: Chunks,
  onLine: (line: string, from: "stdout" | "stderr") => void,
): Promise<void> {
  const lines = {
    stdout: lineSplitter((line) => onLine(line, "stdout")),
    stderr: lineSplitter((line) => onLine(line, "stderr")),
  };
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    pending = pending.length === 0 ? (chunk as Buffer) : Buffer.concat([pending, chunk as Buffer]);
    for (;;) {
      if (pending.length < headerBytes) break;
      const size = pending.readUInt32BE(4);
      if (pending.length < headerBytes + size) break;
      const from = pending[0] === 2 ? "stderr" : "stdout";
      lines[from].push(pending.subarray(headerBytes, headerBytes + size));
      pending = pending.subarray(headerBytes + size);
    }
  }
  lines.stdout.end();
  lines.stderr.end();
}

/** One JSON document a line, as the events endpoint sends them. */
export async function readJsonLines(stream: Chunks, onDocument: (document: unknown) => void): Promise<void> {
  const lines = lineSplitter((line) => {
    if (line !== "") onDocument(JSON.parse(line));
  });
  for await (const chunk of stream) lines.push(chunk as Buffer);
  lines.end();
}
