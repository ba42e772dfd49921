import { BundleError } from "../../errors/installer-error.ts";
import { type TarHeader, type TarKind, isTarEnd, parseTarHeader, tarNameLimit } from "./tar-header.ts";
import { type PaxRecords, parsePax, paxLimit } from "./tar-pax.ts";

/** An entry with what the headers before it say of it. */
export interface TarEntryHeader {
  readonly name: string;
  readonly kind: Exclude<TarKind, "pax" | "pax-global" | "long-name" | "long-link">;
  readonly size: number;
  readonly linkName: string;
}

/** What a header block asks for next. */
export type TarStep =
  | { readonly kind: "end" }
  /** Read this many bytes of data (and their padding) and hand them to `metadata`. */
  | { readonly kind: "metadata"; readonly size: number }
  | { readonly kind: "entry"; readonly entry: TarEntryHeader };

export interface TarEntries {
  /** @throws BundleError for a damaged header, or one beyond the limits */
  header(block: Buffer): TarStep;
  /** @throws BundleError when it is malformed */
  metadata(data: Buffer): void;
}

/** Puts PAX and GNU headers together with the entry they are about. Every reader of tar files is built on this. */
export function createTarEntries(): TarEntries {
  let pax: PaxRecords = {};
  let longName: string | undefined;
  let longLink: string | undefined;
  let awaited: TarHeader | undefined;
  let extra = 0;
  return {
    header: (block) => {
      if (isTarEnd(block)) {
        if (extra > 0) throw new BundleError("the tar ends after a header that announces another entry");
        return { kind: "end" };
      }
      const header = parseTarHeader(block);
      if (isMetadata(header.kind)) {
        extra += 1;
        if (extra > 4) throw new BundleError("a tar entry has too many headers");
        if (header.size > (header.kind.startsWith("pax") ? paxLimit : tarNameLimit + 1)) {
          throw new BundleError(`a tar entry has a header of ${header.size} bytes, more than is allowed`);
        }
        awaited = header;
        return { kind: "metadata", size: header.size };
      }
      const entry = {
        name: pax.path ?? longName ?? header.name,
        kind: header.kind as TarEntryHeader["kind"],
        size: header.kind === "file" || header.kind === "other" ? (pax.size ?? header.size) : header.size,
        linkName: pax.linkPath ?? longLink ?? header.linkName,
      };
      [pax, longName, longLink, extra] = [{}, undefined, undefined, 0];
      checkName(entry.name);
      return { kind: "entry", entry };
    },
    metadata: (data) => {
      const kind = awaited?.kind;
      awaited = undefined;
      if (kind === "pax") pax = parsePax(data);
      else if (kind === "pax-global") refuseGlobal(parsePax(data));
      else if (kind === "long-name") longName = untilZero(data);
      else longLink = untilZero(data);
    },
  };
}

function isMetadata(kind: TarKind): boolean {
  return kind === "pax" || kind === "pax-global" || kind === "long-name" || kind === "long-link";
}

/** A comment (as git writes one) is harmless; a name or a size for all entries is an attempt to confuse. */
function refuseGlobal(records: PaxRecords): void {
  if (Object.keys(records).length > 0) throw new BundleError("the tar names every entry alike, in a global header");
}

function checkName(name: string): void {
  if (name === "") throw new BundleError("a tar entry has no name");
  if (Buffer.byteLength(name) > tarNameLimit || name.includes("\0")) {
    throw new BundleError(`a tar entry has a name longer than ${tarNameLimit} bytes, or with a zero byte in it`);
  }
}

function untilZero(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString("utf8", 0, end < 0 ? data.length : end);
}
