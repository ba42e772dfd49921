import { BundleError } from "../../errors/installer-error.ts";

/** Longer extended headers are refused: they hold a name and a size. */
export const paxLimit = 64 * 1024;

/** The records of a PAX extended header that matter; what else is there is passed over. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkPath?: string;
  readonly size?: number;
}

/**
 * Reads the data of a PAX extended header: `LENGTH KEYWORD=VALUE\n`, the length counting the whole record.
 * @throws BundleError when it is too long or is not of this form
 */
export function parsePax(data: Buffer): PaxRecords {
  if (data.length > paxLimit) throw new BundleError(`a PAX header of ${data.length} bytes is longer than ${paxLimit}`);
  const refuse = (): never => {
    throw new BundleError("a PAX header is malformed");
  };
  const found = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? "" : data.toString("latin1", at, space);
    if (!/^[1-9][0-9]{0,5}$/.test(digits)) refuse();
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space);
    if (end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end) refuse();
    found.set(data.toString("utf8", space + 1, equals), data.toString("utf8", equals + 1, end - 1));
    at = end;
  }
  const size = found.get("size");
  if (size !== undefined && (!/^[0-9]{1,16}$/.test(size) || !Number.isSafeInteger(Number(size)))) refuse();
  const path = found.get("path");
  const linkPath = found.get("linkpath");
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkPath === undefined ? {} : { linkPath }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

/** One record; its length counts itself. */
export function paxRecord(keyword: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length > length) length = rest + String(length).length;
  return Buffer.from(`${length} ${keyword}=${value}\n`);
}
