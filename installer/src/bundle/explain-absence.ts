import type { ImageSource, ListedImage } from "../oci/content.ts";
import { familiarReference, parseReference } from "../oci/reference.ts";
import { listNames } from "./sources/image-names.ts";

/** Why a source does not give an image, with what it has and how to ask for that: to stand after others in a list. */
export async function explainAbsence(source: Pick<ImageSource, "name" | "list">, reference: string): Promise<string> {
  const plain = `${source.name} does not have it`;
  const images = await source.list?.();
  if (images === undefined) return plain;
  const named = images.filter(({ references }) => references.length > 0);
  const nameless = images.filter(({ references }) => references.length === 0);
  const told = [...tellNamed(named, reference), ...tellNameless(nameless)];
  return told.length === 0 ? `${plain}: it has no image` : `${plain}: ${told.join("; ")}`;
}

function tellNamed(named: readonly ListedImage[], reference: string): readonly string[] {
  if (named.length === 0) return [];
  const twin = named.flatMap(({ references }) => references).find((name) => isLocalName(name, reference));
  if (twin === undefined) return [`it has ${listNames(named)}`];
  const familiar = familiarReference(reference);
  return [
    `it has ${twin}, as podman calls what it builds without a registry: ask for ${twin}, or rename it with podman tag ${twin} ${familiar} and save it again`,
  ];
}

/** `localhost/app:1.0` where `docker.io/library/app:1.0`, or any other place of it, was asked for. */
function isLocalName(name: string, reference: string): boolean {
  const [has, wanted] = [parseReference(name), parseReference(reference)];
  if (has.host !== "localhost" || wanted.host === "localhost" || has.tag !== wanted.tag) return false;
  return wanted.repository === has.repository || wanted.repository.endsWith(`/${has.repository}`);
}

/** How to name what has no name, for a hint or inside a list. */
export function tellNameless(nameless: readonly ListedImage[]): readonly string[] {
  const tagged = nameless.filter(({ tag }) => tag !== undefined);
  const [first] = tagged;
  if (first !== undefined) {
    return [
      `it has a tag and no name for ${listNames(tagged)}: say what they are with --as NAME, which makes NAME:${first.tag}`,
    ];
  }
  return nameless.length === 0 ? [] : ["it has an image without a name: give it one with --as NAME:TAG"];
}
