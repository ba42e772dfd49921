import type { SoftwarePackage } from "./packages.ts";

/** Start of the section `.go.buildinfo`, and what stands before its strings: Go's debug/buildinfo, since Go 1.18. */
const magic = Buffer.from("\xff Go buildinf:", "latin1");
const headerSize = 32;
const alignment = 16;
const inlineStrings = 2;
/** Marks around the text of the modules, 16 bytes each. */
const sentinelSize = 16;
const versionLimit = 256;
const modulesLimit = 4 * 1024 * 1024;

export interface GoBuildInfoScan {
  /** Takes the next bytes of the file. */
  add(chunk: Buffer): void;
  /** Packages of the program, once it was recognised; the rest of the file need not be read. */
  readonly found: readonly SoftwarePackage[] | undefined;
}

/** Looks for Go's build information in a program that passes by, keeping only what may be the beginning of it. */
export function scanGoBuildInfo(): GoBuildInfoScan {
  let found: readonly SoftwarePackage[] | undefined;
  let seen = 0;
  let tail: Buffer = Buffer.alloc(0);
  let begun: Buffer | undefined;
  return {
    add: (chunk) => {
      if (found !== undefined) return;
      const before = begun ?? tail;
      let [bytes, place] = [chunk, seen];
      // Chunks are joined only where the mark lies across their border, or what follows it is not whole.
      const border = Buffer.concat([before, chunk.subarray(0, magic.length - 1)]);
      if (begun !== undefined || chunk.length < magic.length || findMark(border, seen - before.length, 0) >= 0) {
        [bytes, place] = [Buffer.concat([before, chunk]), seen - before.length];
      }
      seen += chunk.length;
      begun = undefined;
      for (let at = findMark(bytes, place, 0); at >= 0; at = findMark(bytes, place, at + 1)) {
        const read = readBuildInfo(bytes.subarray(at));
        if (read === undefined) continue;
        if (read === "incomplete") begun = Buffer.from(bytes.subarray(at));
        else found = parseModules(read.version, read.modules);
        return;
      }
      tail = Buffer.from(bytes.subarray(-(magic.length - 1)));
    },
    get found() {
      return found;
    },
  };
}

/** The next mark that lies as the linker lays it; `place` is where in the file the bytes begin. */
function findMark(bytes: Buffer, place: number, from: number): number {
  let at = bytes.indexOf(magic, from);
  while (at >= 0 && (place + at) % alignment !== 0) at = bytes.indexOf(magic, at + 1);
  return at;
}

interface BuildInfo {
  readonly version: string;
  readonly modules: string;
}

/** Undefined where the mark is only a piece of text, as inside Go's own tools. */
function readBuildInfo(bytes: Buffer): BuildInfo | "incomplete" | undefined {
  if (bytes.length < headerSize) return "incomplete";
  if (((bytes[15] ?? 0) & inlineStrings) === 0) return undefined;
  const version = readString(bytes, headerSize, versionLimit);
  if (typeof version !== "object") return version;
  const text = version.bytes.toString("utf8");
  if (!/^(go\d|devel)/.test(text)) return undefined;
  const modules = readString(bytes, version.end, modulesLimit);
  if (typeof modules !== "object") return modules;
  const inner = modules.bytes.length < 2 * sentinelSize ? "" : modules.bytes.toString("utf8", sentinelSize);
  return { version: text, modules: inner };
}

/** A length as a varint, and so many bytes. */
function readString(
  bytes: Buffer,
  start: number,
  limit: number,
): { readonly bytes: Buffer; readonly end: number } | "incomplete" | undefined {
  let length = 0;
  let at = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at];
    if (byte === undefined) return "incomplete";
    at += 1;
    length += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) break;
    if (shift > 28) return undefined;
  }
  if (length > limit) return undefined;
  if (at + length > bytes.length) return "incomplete";
  return { bytes: bytes.subarray(at, at + length), end: at + length };
}

/** Lines `mod PATH VERSION SUM`, `dep …`, and `=> …` for what stands in for the one before, with tabs between. */
function parseModules(version: string, text: string): readonly SoftwarePackage[] {
  const packages: SoftwarePackage[] = [];
  const release = /^go(\d\S*)/.exec(version)?.[1];
  if (release !== undefined) packages.push({ type: "golang", name: "stdlib", version: release });
  for (const line of text.split("\n")) {
    const [kind, name, moduleVersion] = line.split("\t");
    if (name === undefined || name === "" || (kind !== "mod" && kind !== "dep" && kind !== "=>")) continue;
    // A folder is the module itself, changed by whoever built it: its name and version say what it is.
    if (kind === "=>" && /^[./]/.test(name)) continue;
    if (kind === "=>") packages.pop();
    packages.push({
      type: "golang",
      name,
      version: moduleVersion === undefined || moduleVersion === "" ? "(devel)" : moduleVersion,
    });
  }
  return packages;
}
