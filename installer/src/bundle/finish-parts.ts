import { basename } from "node:path";
import type { Hashing } from "../platform/content-ports.ts";
import type { FileSystem } from "../platform/ports.ts";
import type { Sign } from "./assemble-bundle.ts";
import type { SinkFile } from "./sink.ts";
import { type SplitHeader, type SplitPart, formatSplitHeader, splitSuffix } from "./split-header.ts";

/** What is written besides the parts of a split bundle. */
export interface SplitRequest {
  readonly output: string;
  readonly size: number;
  readonly partSize: number;
  /** Absent: the header is not signed. */
  readonly sign?: Sign;
}

/** The digests of finished files, whatever they are called now; hashed on all cores. */
export async function hashFiles(
  files: readonly SinkFile[],
  ports: { readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<readonly SplitPart[]> {
  const tasks = files.map(({ partial, size }) => ({ path: partial, start: 0, end: size }));
  const digests = await ports.hashing.sha256(tasks, () => undefined, ports.signal);
  return files.map(({ path, size }, at) => ({ file: basename(path), size, digest: digests[at] ?? "" }));
}

/** Writes the header of a split bundle, its signature first: a header without one would not be trusted. */
export async function writeSplitHeader(
  request: SplitRequest,
  parts: Pick<SplitHeader, "parts" | "parity">,
  fs: Pick<FileSystem, "writeAtomic">,
): Promise<readonly { readonly path: string; readonly size: number }[]> {
  const { output, size, partSize, sign } = request;
  const header = Buffer.from(
    formatSplitHeader({
      apiVersion: "slipway/v1",
      kind: "SplitBundle",
      name: basename(output),
      size,
      partSize,
      ...parts,
    }),
  );
  const path = `${output}${splitSuffix}`;
  const written: { readonly path: string; readonly size: number }[] = [];
  if (sign !== undefined) {
    const signature = Buffer.from(sign(header));
    await fs.writeAtomic(`${path}.minisig`, signature, { mode: 0o644 });
    written.push({ path: `${path}.minisig`, size: signature.length });
  }
  await fs.writeAtomic(path, header, { mode: 0o644 });
  return [{ path, size: header.length }, ...written];
}
