import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { S3Change, S3Entry, S3Object } from "../contract.ts";
import type { S3Console } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { S3Access } from "../s3-client.ts";
import {
  copyObject,
  describeObject,
  listBuckets,
  listObjects,
  openObject,
  putObject,
  removeObject,
  type Found,
  type S3Place,
} from "./s3-objects.ts";

/** Standard input and output of a console. */
interface ConsoleStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** The command line of a console does not say what to do. */
export class ConsoleUsageError extends ToolboxError {}

const usage = "usage: ls [BUCKET[/PREFIX]] | stat OBJECT | cat OBJECT | put OBJECT | cp OBJECT OBJECT | rm OBJECT";

/**
 * Does what one command line says, with the key that its first word names. Contents go to the output and come from the input.
 * @throws ConsoleUsageError; ToolboxError with what the store said
 */
export async function runS3Console(
  document: S3Console,
  [login = "", ...words]: readonly string[],
  streams: ConsoleStreams,
): Promise<void> {
  const key = document.keys.find(({ accessKey }) => accessKey === login);
  if (key === undefined) throw new ConsoleUsageError(`there is no key "${login}" here`);
  const access: S3Access = { ...document, ...key };
  const { positionals, values } = parse(words);
  const [verb = "", ...operands] = positionals;
  const [first = "", second = ""] = operands;
  if (operands.length > (verb === "cp" ? 2 : 1)) throw new ConsoleUsageError(usage);
  const tell = <Line extends S3Entry | S3Object | S3Change>(
    kind: Line["kind"],
    found: Found<Line>,
    text: string,
  ): void =>
    void streams.output.write(`${values.json ? JSON.stringify({ apiVersion: "slipway/v1", kind, ...found }) : text}\n`);
  switch (verb) {
    case "ls":
      for await (const entry of entriesOf(access, first, values.recursive))
        tell<S3Entry>("S3Entry", entry, formatEntry(entry));
      return;
    case "stat": {
      const found = await describeObject(access, objectAt(first));
      tell<S3Object>("S3Object", found, formatFields(found));
      return;
    }
    case "cat":
      return pipeline(await openObject(access, objectAt(first)), streams.output, { end: false });
    case "put": {
      const size = await putObject(access, objectAt(first), streams.input);
      tell<S3Change>("S3Change", { name: first, change: "written", size }, `${first}: ${size} bytes written`);
      return;
    }
    case "cp":
      await copyObject(access, objectAt(first), objectAt(second));
      tell<S3Change>("S3Change", { name: second, change: "copied", from: first }, `${first} copied to ${second}`);
      return;
    case "rm":
      await removeObject(access, objectAt(first));
      tell<S3Change>("S3Change", { name: first, change: "removed" }, `${first} removed`);
      return;
    default:
      throw new ConsoleUsageError(usage);
  }
}

function parse(words: readonly string[]) {
  try {
    const flag = { type: "boolean", default: false } as const;
    return parseArgs({ args: [...words], allowPositionals: true, options: { json: flag, recursive: flag } });
  } catch (error) {
    throw new ConsoleUsageError(error instanceof Error ? error.message : usage);
  }
}

async function* entriesOf(access: S3Access, text: string, deep: boolean): AsyncGenerator<Found<S3Entry>> {
  if (text === "") yield* await listBuckets(access);
  else yield* listObjects(access, placeAt(text), deep);
}

function placeAt(text: string): S3Place {
  const slash = text.indexOf("/");
  return slash < 0 ? { bucket: text, key: "" } : { bucket: text.slice(0, slash), key: text.slice(slash + 1) };
}

function objectAt(text: string): S3Place {
  const place = placeAt(text);
  if (place.bucket !== "" && place.key !== "") return place;
  throw new ConsoleUsageError(`"${text}" names no object: write BUCKET/KEY`);
}

const sizeWidth = 12;
const timeWidth = 24;

/** Columns as people know them of other tools: when, how large, which. */
function formatEntry({ name, size, modified = "" }: Found<S3Entry>): string {
  return `${modified.padEnd(timeWidth)} ${String(size ?? "").padStart(sizeWidth)}  ${name}`.trimEnd();
}

function formatFields(fields: Found<S3Object>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(9)} ${String(value)}`)
    .join("\n");
}
