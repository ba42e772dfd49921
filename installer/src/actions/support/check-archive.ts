import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";
import { createGunzip } from "node:zlib";
import { readTarStream } from "../../bundle/tar/read-tar-stream.ts";
import { ApplyError, PreflightError, RedactionError } from "../../errors/installer-error.ts";
import { createSecretFinder, type FoundSecret } from "../../execute/secrets/redactor.ts";
import { createSecretScan } from "../../execute/secrets/secret-scan.ts";
import type { BulkFiles } from "../../platform/content-ports.ts";
import type { SupportFile } from "./archive.ts";
import { type Canary, canaryPath } from "./canary.ts";

export interface ArchiveCheck {
  /** Absolute path of the finished archive. */
  readonly path: string;
  /** That all files of it lie in. */
  readonly folder: string;
  readonly files: readonly SupportFile[];
  readonly secrets: ReadonlyMap<string, string>;
  readonly canary: Canary;
}

/** Most places that are named. */
const mostNamed = 10;

/**
 * Reads a finished archive back and looks through all of it for every secret in every encoding, names of files included. The planted
 * canary has to be found in each encoding, else the scan itself would prove nothing.
 * @throws RedactionError when there is a secret in it, or the scan is blind; ApplyError when it is not what was written
 */
export async function checkArchive(check: ArchiveCheck, bulkFiles: Pick<BulkFiles, "open">): Promise<void> {
  const { canary, secrets } = check;
  const finder = createSecretFinder(new Map([[canary.name, canary.value], ...secrets]));
  const seen = new Set<string>();
  const hits = new Set<string>();
  const changed = new Set<string>();
  const planted = `${check.folder}/${canaryPath}`;
  const notice = (entry: string, { secret, encoding }: FoundSecret): void => {
    if (secret !== canary.name) hits.add(`${entry}: the secret ${secret} (${encoding})`);
    else if (entry === planted) seen.add(encoding);
    else hits.add(`${entry}: ${secret} (${encoding})`);
  };
  const expected = new Map(check.files.map((file) => [`${check.folder}/${file.path}`, file]));
  await readArchive(check.path, bulkFiles, async (entry, chunks) => {
    const scan = createSecretScan(finder, (found) => notice(entry, found));
    const hash = createHash("sha256");
    scan.push(Buffer.from(`${entry}\n`, "utf8"));
    for await (const chunk of chunks) {
      hash.update(chunk);
      scan.push(chunk);
    }
    scan.end();
    if (expected.get(entry)?.sha256 !== hash.digest("hex")) changed.add(entry);
    expected.delete(entry);
  });
  if (hits.size > 0) throw secretsLeft([...hits]);
  const unseen = [...canary.encodings].filter((encoding) => !seen.has(encoding));
  if (unseen.length > 0) throw blind(unseen);
  const different = [...changed, ...expected.keys()];
  if (different.length > 0) {
    throw new ApplyError(`${check.path} is not as it was written: ${different.join(", ")}`, {
      hint: "look at the disk that it is on, and run the same command again",
    });
  }
}

async function readArchive(
  path: string,
  bulkFiles: Pick<BulkFiles, "open">,
  onEntry: (entry: string, chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const opened = await bulkFiles.open(path);
  if (opened === undefined) {
    throw new PreflightError(`${path} is gone`, { hint: "choose a place that nobody else clears" });
  }
  try {
    const unpacked = new PassThrough();
    const reading = readTarStream(unpacked, path, (entry, bytes) =>
      onEntry(entry.name, bytes as AsyncIterable<Buffer>),
    );
    await Promise.all([pipeline(opened.stream(0, opened.size), createGunzip(), unpacked), reading]);
  } finally {
    await opened.close();
  }
}

function secretsLeft(hits: readonly string[]): RedactionError {
  const named = hits.slice(0, mostNamed);
  const more = hits.length > named.length ? [`and ${hits.length - named.length} more`] : [];
  return new RedactionError(`the support bundle still held secrets, and was deleted`, {
    hint: "leave the collector out that it was found in (--without), and report this as a defect; a secret that is an ordinary word has to be changed",
    details: [...named, ...more],
  });
}

function blind(unseen: readonly string[]): RedactionError {
  return new RedactionError("the scan of the support bundle did not find what was planted in it, and it was deleted", {
    hint: "report this as a defect",
    details: [`not found: ${unseen.join(", ")}`],
  });
}
