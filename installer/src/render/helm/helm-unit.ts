import { RenderError } from "../../errors/installer-error.ts";
import { imageFolderMount } from "../../plan/image-folder-mount.ts";
import type { ConfigFile, Container } from "../../plan/model.ts";
import { isSecretSlot } from "../../plan/text.ts";
import { type FileGenerators, renderFileContents, resolveEndpoints } from "../addresses.ts";
import { pageFiles } from "../config-files/page-files.ts";
import type { RenderedText } from "../rendered-file.ts";
import type { HelmSecret } from "./helm-rendering.ts";
import { gatewayConfiguration } from "./helm-gateway.ts";
import { objectName, type HelmScope } from "./helm-scope.ts";
import { mountedVolumes, type Place } from "./helm-claims.ts";
import type { HelmClaim, HelmEnv, HelmFile, HelmUnit } from "./helm-values.ts";

/** Kubernetes refuses larger ConfigMaps and Secrets. */
const objectLimitBytes = 1_000_000;

const generators: FileGenerators = {
  ...pageFiles,
  "nginx-gateway": ({ plan }) => gatewayConfiguration(plan),
};

/** A component or a job: whatever owns a container. */
export interface Owner {
  readonly id: string;
  readonly container: Container;
  readonly place: Place;
}

export interface UnitParts {
  readonly unit: HelmUnit;
  /** Claims that its pod has to name. */
  readonly claims: readonly HelmClaim[];
  readonly secrets: readonly HelmSecret[];
}

/**
 * One container as chart data, and the Secrets it mounts.
 * @throws RenderError naming the component and the field that Kubernetes cannot express
 */
export function helmUnit(scope: HelmScope, owner: Owner): UnitParts {
  const { id, container } = owner;
  const { claims, ...mounts } = mountsOf(scope, owner);
  const env = [{ name: "TZ", value: [scope.plan.settings.timezone] }, ...container.env].map((variable) => ({
    name: variable.name,
    text: resolveEndpoints(variable.value, scope.addresses, `${id}.env.${variable.name}`),
  }));
  const files = container.files.map((file) => fileParts(scope, id, file));
  rejectTwins(
    id,
    "env",
    env.map((variable) => variable.name),
  );
  rejectTwins(
    id,
    "files",
    files.map((file) => file.key),
  );
  const open = files.filter((file) => !hasSecret(file.text));
  const secret = files.filter((file) => hasSecret(file.text));
  rejectLarge(id, open);
  const unit: HelmUnit = {
    id,
    image: container.image.reference,
    ...(container.entrypoint === undefined ? {} : { entrypoint: container.entrypoint }),
    ...(container.command === undefined ? {} : { command: container.command }),
    uid: runnerOf(scope, owner),
    env: env.map(helmEnv),
    config: Object.fromEntries(open.map((file) => [file.key, plainText(file.text)])),
    configFiles: open.map(pathAndKey),
    secretFiles: secret.map(pathAndKey),
    scratch: scratchOf(owner),
    ...mounts,
    ...noticesOf(scope, owner),
    resources: {
      ...{ cpus: container.resources.cpus, memoryMiB: container.resources.memoryMiB },
      ...(container.resources.yields === true ? { yields: true } : {}),
    },
  };
  const secrets = [
    opaque(
      id,
      objectName(scope.plan, `files-${id}`),
      secret.map((file) => ({ key: file.key, contents: file.text })),
    ),
    opaque(
      id,
      objectName(scope.plan, `env-${id}`),
      env
        .filter((variable) => hasSecret(variable.text))
        .map((variable) => ({ key: variable.name, contents: variable.text })),
    ),
  ].filter((candidate) => candidate.entries.length > 0);
  return { unit, claims, secrets };
}

/** The folder of an image is mounted where everybody may open it, so that its component's own user copies it. */
function runnerOf(scope: HelmScope, { id, container }: Owner): number {
  const component = [...scope.components.values()].find((row) =>
    row.volumes.some(({ imageFolder }) => imageFolder?.job === id),
  );
  return component?.workload?.container.uid ?? container.uid;
}

/** Claims on the one side; on the other what holds a folder of an image, and for the job that copies it the folder itself. */
function mountsOf(
  scope: HelmScope,
  { id, container, place }: Owner,
): Pick<HelmUnit, "mounts" | "folderMounts"> & Pick<UnitParts, "claims"> {
  const folders = [...scope.components.values()]
    .flatMap((row) => row.volumes.map((volume) => ({ owner: row.id, ...volume })))
    .filter(({ owner, imageFolder }) => imageFolder !== undefined && [owner, imageFolder.job].includes(id));
  const isFolder = (name: string): boolean => folders.some((volume) => volume.name === name);
  const copied = folders.flatMap(({ name, imageFolder }) =>
    imageFolder?.job === id
      ? // Relative, as the mount of a part of a volume has it.
        [{ volume: `${name}-image`, path: imageFolderMount, folder: imageFolder.path.slice(1) }]
      : [],
  );
  const held = container.mounts.filter(({ volume }) => isFolder(volume));
  return {
    ...mountedVolumes(
      scope,
      container.mounts.filter(({ volume }) => !isFolder(volume)),
      place,
    ),
    ...(held.length === 0 ? {} : { folderMounts: [...held, ...copied] }),
  };
}

function noticesOf(scope: HelmScope, { id, container: { notices } }: Owner): Pick<HelmUnit, "notices"> {
  if (notices === undefined) return {};
  objectName(scope.plan, `notices-${id}`);
  return { notices };
}

function scratchOf({ container }: Owner): HelmUnit["scratch"] {
  const { shmMiB } = container.resources;
  return [
    ...container.scratch.map(({ path, sizeMiB }) => ({ path, sizeMiB })),
    ...(shmMiB === undefined ? [] : [{ path: "/dev/shm", sizeMiB: shmMiB }]),
  ];
}

function helmEnv({ name, text }: { readonly name: string; readonly text: RenderedText }): HelmEnv {
  return hasSecret(text) ? { name, secret: true } : { name, value: plainText(text) };
}

interface FileParts extends HelmFile {
  readonly text: RenderedText;
}

function fileParts(scope: HelmScope, id: string, file: ConfigFile): FileParts {
  const place = { plan: scope.plan, book: scope.addresses, where: `${id}:${file.path}` };
  const text = renderFileContents(file.contents, place, generators);
  return { path: file.path, key: fileKey(id, file.path), text };
}

/** `/etc/app/app.conf` becomes `etc__app__app.conf`: keys know no slash. */
function fileKey(id: string, path: string): string {
  const key = path.replace(/^\//, "").replaceAll("/", "__");
  if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    throw new RenderError(
      `${id}: files: ${path} cannot be the key of a ConfigMap (letters, digits, dot, dash and underscore only)`,
    );
  return key;
}

function rejectTwins(id: string, field: string, names: readonly string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) throw new RenderError(`${id}: ${field}: ${twin} is there twice`);
}

function rejectLarge(id: string, files: readonly FileParts[]): void {
  const size = files.reduce((sum, file) => sum + Buffer.byteLength(plainText(file.text)), 0);
  if (size > objectLimitBytes)
    throw new RenderError(`${id}: files: ${size} bytes do not fit into a ConfigMap, which holds ${objectLimitBytes}`);
}

function hasSecret(text: RenderedText): boolean {
  return text.some(isSecretSlot);
}

function pathAndKey({ path, key }: FileParts): HelmFile {
  return { path, key };
}

function opaque(unit: string, name: string, entries: HelmSecret["entries"]): HelmSecret {
  return { name, unit, type: "Opaque", entries };
}

/** Text without secrets as one string. */
function plainText(text: RenderedText): string {
  return text.filter((part) => typeof part === "string").join("");
}
