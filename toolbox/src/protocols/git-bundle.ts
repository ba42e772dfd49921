import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** A commit of one file in the form of a git bundle (gitformat-bundle, gitformat-pack), made without git. */
export interface GitBundle {
  readonly bytes: Buffer;
  readonly commit: string;
  readonly tree: string;
  readonly blob: string;
}

export interface BundleContent {
  readonly branch: string;
  readonly fileName: string;
  readonly content: Buffer;
  readonly message: string;
  readonly unixSeconds: number;
}

/** Numbers of object types in a pack. */
const packTypes = { commit: 1, tree: 2, blob: 3 } as const;

type ObjectType = keyof typeof packTypes;

/** Builds a bundle that holds one branch with one commit. */
export function buildGitBundle(content: BundleContent): GitBundle {
  const blob = objectId("blob", content.content);
  const entry = Buffer.concat([Buffer.from(`100644 ${content.fileName}\0`, "utf8"), Buffer.from(blob, "hex")]);
  const tree = objectId("tree", entry);
  const who = `Slipway <verify@slipway.invalid> ${content.unixSeconds} +0000`;
  const commitText = Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n${content.message}\n`, "utf8");
  const commit = objectId("commit", commitText);
  const pack = buildPack([
    ["commit", commitText],
    ["tree", entry],
    ["blob", content.content],
  ]);
  const header = Buffer.from(`# v2 git bundle\n${commit} refs/heads/${content.branch}\n\n`, "utf8");
  return { bytes: Buffer.concat([header, pack]), commit, tree, blob };
}

function objectId(type: ObjectType, bytes: Buffer): string {
  return createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

function buildPack(objects: readonly (readonly [ObjectType, Buffer])[]): Buffer {
  const head = Buffer.alloc(12);
  head.write("PACK", "latin1");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const parts: Buffer[] = [head];
  for (const [type, bytes] of objects) parts.push(packHeader(type, bytes.length), deflateSync(bytes));
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

/** Type and size of a packed object: four bits of size in the first byte, then seven in each. */
function packHeader(type: ObjectType, size: number): Buffer {
  const bytes: number[] = [];
  let current = (packTypes[type] << 4) | (size & 0x0f);
  let left = size >> 4;
  while (left > 0) {
    bytes.push(current | 0x80);
    current = left & 0x7f;
    left >>= 7;
  }
  bytes.push(current);
  return Buffer.from(bytes);
}
