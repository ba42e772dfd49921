/** How what a program keeps comes to the program of ours. */
export type Move =
  /** As a logical copy: versions may differ by any number of major ones. */
  | "dump"
  /** Object by object through its API. */
  | "objects"
  /** File by file, while nothing writes. */
  | "files"
  /** It begins empty: what it holds is not the only copy, or ends by itself. */
  | "empty";

/** How a version is reached from another one. */
export type Stepping =
  /** Any version may be followed by any newer one, because its data is copied and not handed over. */
  | "any"
  /** Every minor version between has to run once. */
  | "each-minor"
  /** Only within one major version; before that the vendor's own releases lead on. */
  | "same-major"
  /** The programs of the hub: the vendor's releases one after another, up to the one that is here. */
  | "vendor-releases";

export interface VendorProgram {
  /** What people call it. */
  readonly title: string;
  /** Component of ours that does its work. */
  readonly component: string;
  /** Its image, without registry and tag. */
  readonly image: RegExp;
  readonly stepping: Stepping;
  readonly move?: Move;
  /** Path of its data in the container, and what that is. */
  readonly data?: { readonly target: RegExp; readonly holds: string };
}

/** The hub itself, whose version is that of the installation. */
export const hubProgram: VendorProgram = {
  title: "CSGHub",
  component: "csghub-server",
  image: /(^|\/)csghub[_-]server(_[a-z]+)?$/,
  stepping: "vendor-releases",
};

/** What the vendor installs and this program has a component for. */
export const vendorPrograms: readonly VendorProgram[] = [
  hubProgram,
  {
    title: "CSGHub portal",
    component: "csghub-portal",
    image: /(^|\/)csghub[_-]portal(_[a-z]+)?$/,
    stepping: "vendor-releases",
  },
  {
    title: "PostgreSQL",
    component: "postgres",
    image: /(^|\/)postgres(ql)?$/,
    stepping: "any",
    move: "dump",
    data: { target: /^\/var\/lib\/postgresql/, holds: "every database of the platform" },
  },
  {
    title: "Redis",
    component: "redis",
    image: /(^|\/)redis$/,
    stepping: "any",
    move: "empty",
    data: { target: /^\/data$/, holds: "cache and locks" },
  },
  {
    title: "NATS",
    component: "nats",
    image: /(^|\/)(csghub_)?nats$/,
    stepping: "any",
    move: "empty",
    data: { target: /jetstream/, holds: "messages that were not worked on yet" },
  },
  {
    title: "MinIO",
    component: "minio",
    image: /(^|\/)minio$/,
    stepping: "any",
    move: "objects",
    data: { target: /^\/data$|^\/bitnami\/minio\/data$/, holds: "large files, uploads and images of the registry" },
  },
  {
    title: "Registry",
    component: "registry",
    image: /(^|\/)registry$/,
    stepping: "any",
  },
  {
    title: "Gitaly",
    component: "gitaly",
    image: /(^|\/)(gitlab-)?gitaly$/,
    stepping: "any",
    move: "files",
    data: { target: /\/repositories$/, holds: "Git repositories" },
  },
  {
    title: "GitLab Shell",
    component: "gitlab-shell",
    image: /(^|\/)gitlab-shell$/,
    stepping: "any",
    data: { target: /gitlab-shell\/keys$/, holds: "keys that the SSH server is known by" },
  },
  {
    title: "Temporal",
    component: "temporal",
    image: /(^|\/)temporalio\/(auto-setup|server)$/,
    stepping: "each-minor",
    move: "empty",
  },
  { title: "Temporal UI", component: "temporal-ui", image: /(^|\/)temporalio\/ui$/, stepping: "any" },
  { title: "Casdoor", component: "casdoor", image: /(^|\/)casdoor$/, stepping: "same-major", move: "dump" },
  {
    title: "Dataflow",
    component: "csghub-dataflow",
    image: /(^|\/)dataflow$/,
    stepping: "vendor-releases",
    move: "files",
    data: { target: /^\/data(\/dataflow)?$/, holds: "files of the data jobs" },
  },
  {
    title: "Label Studio",
    component: "label-studio",
    image: /(^|\/)label-studio$/,
    stepping: "any",
    move: "files",
    data: { target: /^\/label-studio\/data$/, holds: "files that are being labelled" },
  },
];

/** The program that an image reference is of; undefined for one without a component here. */
export function programOf(image: string): VendorProgram | undefined {
  const { name } = splitImage(image);
  return vendorPrograms.find((program) => program.image.test(name));
}

/** Name and tag of a reference; a registry with a port is part of the name. */
export function splitImage(image: string): { readonly name: string; readonly tag: string } {
  const plain = image.split("@", 1)[0] ?? "";
  const colon = plain.lastIndexOf(":");
  if (colon <= plain.lastIndexOf("/")) return { name: plain, tag: "" };
  return { name: plain.slice(0, colon), tag: plain.slice(colon + 1) };
}

/** The version that a tag says: `v2.4.0-ce`, `15.18`, `RELEASE.2025-09-07T16-13-09Z`; undefined for one that says none. */
export function versionOfTag(tag: string): string | undefined {
  return /^(v?\d+(\.\d+)*|RELEASE\.\d{4}-\d{2}-\d{2}[0-9TZ-]*)/.exec(tag)?.[0].replace(/^v/, "");
}

/** Databases by what they are called there, with the names that ours have. */
export const databaseNames: Readonly<Record<string, string>> = {
  csghub_server: "csghub_server",
  csghub_portal: "csghub_portal",
  csghub_casdoor: "csghub_casdoor",
  casdoor: "csghub_casdoor",
  csghub_dataflow: "csghub_dataflow",
  dataflow: "csghub_dataflow",
  csghub_label_studio: "csghub_label_studio",
};

/** Databases of every Compose tree, where it does not list them. */
export const composeDatabases: readonly string[] = ["csghub_server", "csghub_portal", "csghub_casdoor"];

/** Databases that the chart makes and something here reads. */
export const chartDatabases: readonly string[] = [...composeDatabases, "csghub_dataflow", "csghub_label_studio"];
