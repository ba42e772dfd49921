import { inspect } from "node:util";
import type Dockerode from "dockerode";
import { ApplyError, RegistryError } from "../../errors/installer-error.ts";
import type { Docker, Exec, ImageDetails, ImagePull } from "../ports.ts";
import { familiarReference } from "../../oci/reference.ts";
import { fromImageInspect, type ImageInspect } from "./engine-answers.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { EngineRefusal, unless } from "./engine-errors.ts";
import { readProgress } from "./pull-progress.ts";
import { get, readBody } from "./raw-calls.ts";

type Questions = Pick<Docker, "findImages" | "imageId" | "imageIds" | "imageDigests" | "imageDetails">;

/** The engine's questions about images. */
export function imageQuestions(connection: EngineConnection): Questions {
  const list = (): Promise<readonly Dockerode.ImageInfo[]> =>
    connection.call({ what: "to list images", kind: "question" }, (docker, { signal }) =>
      docker.listImages({ abortSignal: signal }),
    );
  const findImages: Docker["findImages"] = async (references) => {
    const images = await list();
    const byName = new Map(images.flatMap((image) => namesOf(image).map((name) => [name, image.Id] as const)));
    const found = references.map((reference) => [reference, byName.get(familiarReference(reference))] as const);
    return {
      ids: new Map(found.filter((pair): pair is [string, string] => pair[1] !== undefined)),
      digests: new Map(images.map((image) => [image.Id, digestsOf(image)])),
    };
  };
  const imageIds: Docker["imageIds"] = async (references) => (await findImages(references)).ids;
  return {
    findImages,
    imageIds,
    imageId: async (reference) => (await imageIds([reference])).get(reference),
    imageDigests: async (reference) => {
      const wanted = familiarReference(reference);
      const image = (await list()).find((candidate) => namesOf(candidate).includes(wanted));
      return image === undefined ? [] : digestsOf(image);
    },
    imageDetails: (reference) => imageDetails(connection, reference),
  };
}

function namesOf(image: Dockerode.ImageInfo): readonly string[] {
  // Null for an image without a name.
  const tags = image.RepoTags as readonly string[] | null | undefined;
  return [image.Id, ...(tags ?? []), ...digestsOf(image)];
}

/** None of an image that was built here, and then null. */
function digestsOf(image: Dockerode.ImageInfo): readonly string[] {
  return (image.RepoDigests as readonly string[] | null | undefined) ?? [];
}

async function imageDetails(connection: EngineConnection, reference: string): Promise<ImageDetails | undefined> {
  const name = familiarReference(reference);
  return connection.call({ what: `to inspect image ${name}`, kind: "question" }, async (docker, { signal }) => {
    const answer = await get(docker, { path: `/images/${name}/json`, signal, accept: [200, 404] });
    const body = await readBody(answer);
    return answer.statusCode === 404 ? undefined : fromImageInspect(JSON.parse(body) as ImageInspect);
  });
}

type Changes = Pick<Docker, "pull" | "pullImage" | "loadImages" | "exportImages" | "tagImage" | "removeImageReference">;

/** The engine's calls that bring images in and out and give them names. */
export function imageChanges(connection: EngineConnection, exec: Exec): Changes {
  return {
    pull: (reference, onProgress, signal) => pullByProgram(exec, reference, onProgress, signal),
    pullImage: (request) => pullImage(connection, request),
    loadImages: async (archive, onProgress, signal) => {
      const call = { what: "to load images", kind: "stream", signal } as const;
      const error = await connection
        .call(call, async (docker, watch) => {
          const answer = await docker.loadImage(archive, { quiet: 1, abortSignal: watch.signal });
          return readProgress(answer, onProgress, watch.heard);
        })
        .finally(() => archive.destroy());
      if (error !== undefined) throw new ApplyError(`docker could not load the images: ${error}`);
    },
    exportImages: (references, signal) =>
      connection.open({ what: "to export images", kind: "stream", signal }, (docker, watch) =>
        docker.getImages({
          names: references.map(familiarReference),
          abortSignal: watch.signal,
        }),
      ),
    tagImage: (reference, target) =>
      connection.call({ what: `to tag ${reference}`, kind: "change" }, async (docker, { signal }) => {
        const { name, tag } = splitReference(familiarReference(target));
        await docker.getImage(familiarReference(reference)).tag({ repo: name, tag, abortSignal: signal });
      }),
    removeImageReference: (reference) =>
      // In use under this name alone: it stays.
      unless(
        [404, 409],
        connection.call({ what: `to remove ${reference}`, kind: "change" }, (docker, { signal }) =>
          docker.getImage(familiarReference(reference)).remove({ noprune: true, abortSignal: signal }),
        ),
      ),
  };
}

/** The docker program knows the credential stores and helpers of this user. */
async function pullByProgram(
  exec: Exec,
  reference: string,
  onProgress: (detail: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const result = await exec.run("docker", ["pull", reference], {
    allowFailure: true,
    onLine: onProgress,
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.exitCode === 0) return;
  throw new RegistryError(`${reference} could not be pulled`, {
    hint: "check the reference, the network and docker login",
    details: result.stderr.trim().split("\n").slice(-5),
  });
}

async function pullImage(connection: EngineConnection, request: ImagePull): Promise<void> {
  const { reference, credentials } = request;
  const { name, tag } = splitReference(familiarReference(reference));
  const refuse = (why: string, cause?: unknown): RegistryError =>
    new RegistryError(`${reference} could not be pulled: ${why}`, {
      hint: "check that the registry has it, that the engine reaches and trusts the registry, and the credentials",
      cause,
    });
  let error: string | undefined;
  try {
    const call = { what: `to pull ${reference}`, kind: "stream", signal: request.signal } as const;
    error = await connection.call(call, async (docker, watch) => {
      const options = { fromImage: name, tag, abortSignal: watch.signal };
      const answer = await docker.createImage(credentials && authOf(name, credentials), options);
      return readProgress(answer, request.onProgress, watch.heard);
    });
  } catch (thrown) {
    if (thrown instanceof EngineRefusal) throw refuse(thrown.reason, thrown);
    throw thrown;
  }
  if (error !== undefined) throw refuse(error);
}

/** The engine takes credentials of one call in a header of that call, base64url of JSON. */
function authOf(name: string, credentials: NonNullable<ImagePull["credentials"]>): { readonly base64: unknown } {
  const serveraddress = name.split("/", 1)[0] ?? "";
  const auth =
    credentials.kind === "password"
      ? { username: credentials.username, password: credentials.password, serveraddress }
      : { identitytoken: credentials.token, serveraddress };
  return { base64: new HiddenText(Buffer.from(JSON.stringify(auth)).toString("base64url")) };
}

/** A header's value that only its reader sees: with DEBUG set, the library prints what it sends. */
class HiddenText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  [inspect.custom](): string {
    return "…";
  }
}

/** The engine's API takes a digest where it takes a tag. */
function splitReference(reference: string): { readonly name: string; readonly tag: string } {
  const at = reference.indexOf("@");
  if (at >= 0) return { name: reference.slice(0, at), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(":");
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
