import { ApplyError, RegistryError } from "../../errors/installer-error.ts";
import type { Docker, ImagePull } from "../ports.ts";
import { familiarReference } from "./engine-answers.ts";
import type { EngineClient } from "./engine-client.ts";
import { readJsonLines } from "./engine-streams.ts";

export type ImportCalls = Pick<Docker, "pullImage" | "loadImages" | "tagImage" | "removeImageReference">;

/** One line of the engine's progress: https://docs.docker.com/reference/api/engine/, "Create an image". */
interface ProgressLine {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** The engine's calls that bring images in and give them names. */
export function importCalls(client: EngineClient): ImportCalls {
  return {
    pullImage: (request) => pullImage(client, request),
    loadImages: async (archive, onProgress, signal) => {
      const answer = await client.stream("/images/load", { method: "POST", query: { quiet: 1 }, archive, signal });
      const error = await readProgress(answer, onProgress);
      if (error !== undefined) throw new ApplyError(`docker could not load the images: ${error}`);
    },
    tagImage: async (reference, target) => {
      const { name, tag } = splitReference(familiarReference(target));
      const path = `/images/${familiarReference(reference)}/tag`;
      await client.send(path, { method: "POST", query: { repo: name, tag } });
    },
    removeImageReference: async (reference) => {
      const path = `/images/${familiarReference(reference)}`;
      // In use under this name alone: it stays.
      await client.send(path, { method: "DELETE", query: { noprune: true }, accept: [404, 409] });
    },
  };
}

async function pullImage(client: EngineClient, request: ImagePull): Promise<void> {
  const { name, tag } = splitReference(familiarReference(request.reference));
  const refuse = (why: string, cause?: unknown): RegistryError =>
    new RegistryError(`${request.reference} could not be pulled: ${why}`, {
      hint: "check that the registry has it, that the engine reaches and trusts the registry, and the credentials",
      cause,
    });
  let error: string | undefined;
  try {
    const answer = await client.stream("/images/create", {
      method: "POST",
      query: { fromImage: name, tag },
      ...(request.credentials === undefined ? {} : { headers: authHeader(name, request.credentials) }),
      signal: request.signal,
    });
    error = await readProgress(answer, request.onProgress);
  } catch (thrown) {
    if (thrown instanceof ApplyError) throw refuse(thrown.message, thrown);
    throw thrown;
  }
  if (error !== undefined) throw refuse(error);
}

/** The engine takes credentials of one call in a header, base64url of JSON. */
function authHeader(
  name: string,
  credentials: NonNullable<ImagePull["credentials"]>,
): Readonly<Record<string, string>> {
  const serveraddress = name.split("/", 1)[0] ?? "";
  const auth =
    credentials.kind === "password"
      ? { username: credentials.username, password: credentials.password, serveraddress }
      : { identitytoken: credentials.token, serveraddress };
  return { "x-registry-auth": Buffer.from(JSON.stringify(auth)).toString("base64url") };
}

/** @returns what the engine said went wrong; it answers 200 before it begins */
async function readProgress(
  answer: Parameters<typeof readJsonLines>[0],
  onProgress: (detail: string) => void,
): Promise<string | undefined> {
  let error: string | undefined;
  await readJsonLines(answer, (document) => {
    const line = document as ProgressLine;
    error ??= line.error;
    const detail = describeProgress(line);
    if (detail !== "") onProgress(detail);
  });
  return error;
}

/** What the engine says of itself and not of how far it is; some of it repeats the reference asked for. */
const chatter = /^(Pulling from|Pulling fs layer|Already exists|Waiting|Digest:|Status:)/;

function describeProgress({ id, status, stream, progressDetail }: ProgressLine): string {
  if (chatter.test(status ?? "")) return "";
  const { current, total } = progressDetail ?? {};
  const share =
    current === undefined || total === undefined || total <= 0 ? "" : ` ${Math.floor((current / total) * 100)} %`;
  const text = status ?? stream ?? "";
  return `${id === undefined || text === "" ? "" : `${id}: `}${text.trim()}${share}`;
}

/** The engine's API takes a digest where it takes a tag. */
function splitReference(reference: string): { readonly name: string; readonly tag: string } {
  const at = reference.indexOf("@");
  if (at >= 0) return { name: reference.slice(0, at), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(":");
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
