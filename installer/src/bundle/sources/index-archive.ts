import { posix } from "node:path";
import { BundleError } from "../../errors/installer-error.ts";
import type { OpenedFile } from "../../platform/content-ports.ts";
import { type TarEntryHeader, createTarEntries } from "../tar/tar-entries.ts";
import { tarBlock, tarPadding } from "../tar/tar-header.ts";

/** A file in an archive of others, by the offset of its bytes. */
export interface ArchivedFile {
  readonly offset: number;
  readonly size: number;
}

const entryLimit = 1_000_000;

/**
 * Finds the files of a tar that others wrote, by its headers alone. Links count for the file of the archive that they
 * name; nothing is ever unpacked, so that a name can lead nowhere else. Of a name that is in it twice the later entry
 * counts, as for everybody who unpacks it: so `tar --append` replaces a file.
 * @param called what the archive is called in messages, where that is not the file
 * @throws BundleError when the archive is damaged
 */
export async function indexArchive(
  file: Pick<OpenedFile, "path" | "size" | "read">,
  called: string = file.path,
): Promise<ReadonlyMap<string, ArchivedFile>> {
  const files = new Map<string, ArchivedFile>();
  const links = new Map<string, string>();
  const entries = createTarEntries();
  const refuse = (why: string): never => {
    throw new BundleError(`${called} ${why}`, { hint: "get the archive again from where it came" });
  };
  for (let position = 0, count = 0; ; count++) {
    if (count > entryLimit) refuse(`has more than ${entryLimit} entries`);
    const block = await file.read(position, tarBlock);
    if (block.length < tarBlock) refuse(`is cut short: it ends at byte ${file.size}, without the mark of an end`);
    const step = explained(called, () => entries.header(block));
    position += tarBlock;
    if (step.kind === "end") break;
    if (step.kind === "metadata") {
      const data = await file.read(position, step.size);
      if (data.length < step.size) refuse("is cut short inside a header");
      explained(called, () => entries.metadata(data));
      position += step.size + tarPadding(step.size);
      continue;
    }
    const { entry } = step;
    const name = posix.normalize(entry.name);
    const link = linkOf(entry, name);
    if (link !== undefined) {
      links.set(name, link);
      files.delete(name);
    }
    if (entry.kind === "file") {
      if (position + entry.size > file.size) refuse(`is cut short inside ${name}`);
      links.delete(name);
      files.set(name, { offset: position, size: entry.size });
    }
    position += entry.size + tarPadding(entry.size);
  }
  for (const name of links.keys()) {
    const found = followed(name, links, files);
    if (found !== undefined) files.set(name, found);
  }
  return files;
}

/** A link may lead to another; one that leads back to itself leads nowhere. */
function followed(
  name: string,
  links: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, ArchivedFile>,
): ArchivedFile | undefined {
  let at: string | undefined = name;
  for (let step = 0; at !== undefined && step < mostLinks; step++) {
    const found = files.get(at);
    if (found !== undefined) return found;
    at = links.get(at);
  }
  return undefined;
}

/** As many as Linux follows. */
const mostLinks = 40;

function linkOf({ kind, linkName }: TarEntryHeader, name: string): string | undefined {
  if (kind === "symlink") return posix.join(posix.dirname(name), linkName);
  return kind === "link" ? posix.normalize(linkName) : undefined;
}

function explained<T>(called: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new BundleError(`${called} is not a tar archive, or a damaged one: ${error.message}`, {
      hint: "name a bundle, an OCI or docker save archive, a Zarf package or a Hauler haul",
      cause: error,
    });
  }
}
