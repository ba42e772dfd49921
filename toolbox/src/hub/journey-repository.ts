import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HubJourneyWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { WireContext } from "../wires/wire-check.ts";
import { forgetLargeFile } from "./forget-person.ts";
import type { GitClient } from "./git-client.ts";
import { callHub, type HubAccess, type HubPerson, requireHub } from "./hub-api.ts";

/** What the steps of a journey have in common. */
export interface Way {
  readonly wire: HubJourneyWire;
  readonly context: WireContext;
  readonly access: HubAccess;
  /** Who has signed in. */
  readonly names: string[];
  /** Numbers of the repositories that were made. */
  readonly repositories: number[];
}

export interface Repository {
  readonly kind: "models" | "datasets";
  /** `person/name` */
  readonly path: string;
}

const words = { models: "model", datasets: "dataset" } as const;

/** A private repository, deleted at the end whatever happens; its path is `person/name`. */
export async function makeRepository(
  { context, access, repositories }: Way,
  person: HubPerson,
  { kind, name }: { readonly kind: Repository["kind"]; readonly name: string },
): Promise<string> {
  const { token } = person;
  const place = { nickname: name, namespace: person.name, description: "" };
  const body = { name, ...place, private: true, license: "apache-2.0" };
  const made = (await requireHub(access, { method: "POST", path: `/api/v1/${kind}`, token, body })) as {
    readonly repository_id?: number;
  };
  if (made.repository_id !== undefined) repositories.push(made.repository_id);
  const path = `${person.name}/${name}`;
  context.atEnd(async () => {
    await callHub(
      { ...access, signal: AbortSignal.timeout(30_000) },
      { method: "DELETE", path: `/api/v1/${kind}/${path}`, token },
    );
  });
  context.note(`made a private ${words[kind]}`);
  return path;
}

export async function deleteRepository(
  { context, access }: Way,
  { token }: HubPerson,
  { kind, path }: Repository,
): Promise<void> {
  const address = `/api/v1/${kind}/${path}`;
  await requireHub(access, { method: "DELETE", path: address, token });
  const { status } = await callHub(access, { path: address, token });
  if (status < 400) throw new ToolboxError(`the ${words[kind]} is still there after it was deleted`);
  context.note(`deleted the ${words[kind]}`);
}

/** Commits a file that Git keeps as a large one, and gives its SHA-256. */
export async function commitLargeFile(
  { wire, context, repositories }: Way,
  client: GitClient,
  { folder, name, content }: { readonly folder: string; readonly name: string; readonly content: Buffer },
): Promise<string> {
  const digest = createHash("sha256").update(content).digest("hex");
  context.atEnd(async () => {
    for (const repository of repositories) await forgetLargeFile(wire.objects, repository, digest);
  });
  await writeFile(join(client.folder, folder, name), content);
  await client.git(folder, "lfs", "track", "--filename", name);
  await client.git(folder, "add", ".");
  await client.git(folder, "commit", "--quiet", "-m", name);
  return digest;
}

/** Large files first: the hook that would send them cannot run, for nothing in this container's memory may be run. */
export async function push(client: GitClient, folder: string): Promise<void> {
  await client.git(folder, "lfs", "push", "origin", "HEAD");
  await client.git(folder, "push", "--quiet");
}
