import { sendHttp } from "../../../../toolbox/src/http-request.ts";
import { listFiles, placeOf, readFile } from "./gitaly-repository.ts";
import { oidIn, signLargeFile } from "./large-files.ts";
import type { ReadRows } from "./previews.ts";
import { dsnOf } from "./reach.ts";
import { findRepository } from "./repositories.ts";
import type { Environment, Settings } from "./settings.ts";

/** Reads the first file of Parquet in a dataset from where the hub keeps it: its name in Gitaly, its contents in the object store. */
export function rowsOf(settings: Settings, environment: Environment): ReadRows {
  return async (address) => {
    const dataset = await findRepository(dsnOf(settings), address);
    if (dataset === undefined) return undefined;
    const place = placeOf(settings, dataset);
    const name = (await listFiles(settings, place)).find((file) => file.endsWith(".parquet"));
    if (name === undefined) return undefined;
    const content = await readFile(settings, place, name);
    const oid = oidIn(content);
    if (oid === undefined) return readColumns(content);
    const url = await signLargeFile(settings, dataset, oid, "GET");
    const { status, body } = await sendHttp({ url, caFile: environment["SSL_CERT_FILE"] });
    if (status !== 200) throw new Error(`the object store answered ${status}`);
    return readColumns(body);
  };
}

/** Levels of three values of which none is missing, as they stand before the values of a page. */
const levels = Buffer.from([2, 0, 0, 0, 6, 1]);
const count = 3;

/** As much of Parquet as a file has that is not compressed and has three rows of a number and a text. */
export function readColumns(file: Buffer): readonly (readonly unknown[])[] {
  if (file.subarray(0, 4).toString() !== "PAR1" || file.subarray(-4).toString() !== "PAR1")
    throw new Error("No magic bytes found at end of file");
  const numbers = file.indexOf(levels) + levels.length;
  let at = file.indexOf(levels, numbers) + levels.length;
  return Array.from({ length: count }, (_, row) => {
    const length = file.readUInt32LE(at);
    const text = file.subarray(at + 4, at + 4 + length).toString();
    at += 4 + length;
    return [file.readInt32LE(numbers + 4 * row), text];
  });
}
