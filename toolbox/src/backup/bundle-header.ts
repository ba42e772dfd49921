import { open } from "node:fs/promises";
import { ToolboxError } from "../errors.ts";

/** A ref and the object it points to, in hex. */
export interface GitRef {
  readonly name: string;
  readonly target: string;
}

const readSize = 64 * 1024;
/** The refs of a million branches fit. */
const longestHeader = 256 * 1024 * 1024;

/**
 * The refs that a bundle file holds (gitformat-bundle), sorted by name; `HEAD`, which a bundle of everything repeats, is left out.
 * @throws ToolboxError when the file is no bundle, or needs objects that it does not hold.
 */
export async function readBundleRefs(path: string): Promise<readonly GitRef[]> {
  const file = await open(path, "r");
  try {
    let head = Buffer.alloc(0);
    for (;;) {
      // twice as much each time, for a header of many megabytes
      const more = Buffer.alloc(Math.max(readSize, head.length));
      const { bytesRead, buffer } = await file.read(more, 0, more.length, head.length);
      head = Buffer.concat([head, buffer.subarray(0, bytesRead)]);
      const end = head.indexOf("\n\n");
      if (end !== -1) return parseBundleHeader(head.subarray(0, end).toString("utf8"));
      if (bytesRead === 0 || head.length > longestHeader)
        throw new ToolboxError("it is no git bundle: it has no header");
    }
  } finally {
    await file.close();
  }
}

/** The same of a header's text, without the empty line that ends it. */
export function parseBundleHeader(header: string): readonly GitRef[] {
  const [signature = "", ...lines] = header.split("\n");
  if (!/^# v[23] git bundle$/.test(signature)) throw new ToolboxError("it is no git bundle: its first line is another");
  const refs: GitRef[] = [];
  for (const line of lines) {
    // a capability of version 3, such as the hash that is used
    if (line.startsWith("@")) continue;
    if (line.startsWith("-"))
      throw new ToolboxError("the bundle is not complete: it needs objects that it does not hold");
    const { target, name } = /^(?<target>[0-9a-f]+) (?<name>.+)$/.exec(line)?.groups ?? {};
    if (target === undefined || name === undefined)
      throw new ToolboxError(`a line of the bundle's header is no ref: ${line}`);
    if (name !== "HEAD") refs.push({ name, target });
  }
  return sortRefs(refs);
}

/** Refs in an order that depends on nothing but their names. */
export function sortRefs(refs: readonly GitRef[]): readonly GitRef[] {
  return refs.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** The first difference between two sorted lists in words, or undefined when they are the same. */
export function refDifference(wanted: readonly GitRef[], found: readonly GitRef[]): string | undefined {
  const targets = new Map(found.map(({ name, target }) => [name, target]));
  for (const { name, target } of wanted) {
    const there = targets.get(name);
    if (there === undefined) return `${name} is missing`;
    if (there !== target) return `${name} is at ${there} instead of ${target}`;
    targets.delete(name);
  }
  const [more] = targets.keys();
  return more === undefined ? undefined : `${more} is there and should not be`;
}
