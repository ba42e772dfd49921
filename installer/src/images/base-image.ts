import { CommandError, PreflightError } from "../errors/installer-error.ts";
import type { Docker, Exec } from "../platform/ports.ts";
import { shellQuote } from "../platform/shell-quote.ts";
import { type DebianMirror, debianPockets } from "./apt-sources.ts";
import { explainFailure } from "./build-failure.ts";
import type { DebianBase } from "./catalogue.ts";

export interface BaseImagePorts {
  readonly docker: Pick<Docker, "imageId">;
  readonly exec: Pick<Exec, "run">;
}

export interface BaseImageRequest {
  readonly debian: DebianBase;
  readonly repository: string;
  readonly mirror?: DebianMirror;
  /** A file of apt settings for this machine (proxies), if there are any. */
  readonly aptSettingsFile?: string;
  /** An existing folder for the root file system; emptied by the caller afterwards. */
  readonly workFolder: string;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Everything in the made base is at most this old: the day Debian 13 was released. The same packages give the same layer. */
const sourceDateEpoch = "1754697600";

/** What the registry's Debian image sets, so that the made one is as small and as quiet. */
const dockerClean = [
  'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };',
  'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };',
  'Dir::Cache::pkgcache "";',
  'Dir::Cache::srcpkgcache "";',
  'Acquire::Languages "none";',
  'Apt::AutoRemove::SuggestsImportant "false";',
  "",
].join("\n");

/**
 * Finds, pulls or makes the Debian base and tells its reference.
 * @throws PreflightError when no registry answers and the base cannot be made here
 * @throws CommandError when making it failed
 */
export async function ensureDebianBase(request: BaseImageRequest, ports: BaseImagePorts): Promise<string> {
  const made = `${request.repository}/debian:${request.debian.suite}`;
  for (const reference of [request.debian.image, made]) {
    if ((await ports.docker.imageId(reference)) !== undefined) return reference;
  }
  if (await pull(request, ports)) return request.debian.image;
  await make(request, ports, made);
  return made;
}

async function pull(request: BaseImageRequest, ports: BaseImagePorts): Promise<boolean> {
  request.onLine?.(`pulling ${request.debian.image}`);
  const result = await ports.exec
    .run("docker", ["pull", "--quiet", request.debian.image], {
      allowFailure: true,
      // A registry that cannot be reached must not hold everything up.
      timeoutMs: 120_000,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...lineOption(request),
    })
    .catch((error: unknown) => {
      if (request.signal?.aborted === true) throw error;
      return undefined;
    });
  return result?.exitCode === 0;
}

async function make(request: BaseImageRequest, ports: BaseImagePorts, reference: string): Promise<void> {
  const { mirror } = request;
  if (mirror === undefined) {
    throw new PreflightError(
      `${request.debian.image} cannot be pulled, and no Debian mirror is configured here to make it from`,
      {
        hint: "let this machine reach a container registry, or name a Debian mirror in SLIPWAY_DEBIAN_MIRROR",
      },
    );
  }
  const tool = await ports.exec.run("mmdebstrap", ["--version"], { allowFailure: true }).catch(() => undefined);
  if (tool?.exitCode !== 0) {
    throw new PreflightError(
      `${request.debian.image} cannot be pulled, and mmdebstrap, which would make it from Debian packages, is not installed`,
      {
        hint: "install it (Debian, Ubuntu: apt-get install mmdebstrap debian-archive-keyring), or let this machine reach a container registry",
      },
    );
  }
  const archive = `${request.workFolder}/debian.tar`;
  request.onLine?.(`making ${reference} from Debian packages`);
  await runStep(request, ports, "mmdebstrap", debootstrapArguments(request, mirror, archive));
  await runStep(request, ports, "docker", [
    "import",
    "--change",
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "--change",
    'CMD ["bash"]',
    archive,
    reference,
  ]);
}

/** The arguments that make a minimal Debian like the registry's, without any apt source in it. */
export function debootstrapArguments(
  request: Pick<BaseImageRequest, "debian" | "aptSettingsFile">,
  mirror: DebianMirror,
  archive: string,
): readonly string[] {
  const { suite } = request.debian;
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return [
    "--variant=minbase",
    "--include=ca-certificates",
    // Needs no root where user namespaces are allowed.
    "--mode=auto",
    "--format=tar",
    `--keyring=${keyring}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...(request.aptSettingsFile === undefined ? [] : [`--aptopt=${request.aptSettingsFile}`]),
    // As the registry's image has it: an image is whole or it is not there.
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    `--customize-hook=printf '%s' ${shellQuote(dockerClean)} >"$1/etc/apt/apt.conf.d/docker-clean"`,
    // Sources and settings of this machine reach a build as secret mounts; they are not part of an image.
    '--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap',
    // Never the same twice, or of no use in an image.
    '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/apt/* "$1"/var/cache/ldconfig "$1"/var/cache/debconf/*-old "$1"/var/lib/apt/lists/* "$1"/etc/machine-id',
    suite,
    archive,
    ...debianPockets(mirror, suite).map(({ uri, suite: pocket }) => `deb [signed-by=${keyring}] ${uri} ${pocket} main`),
  ];
}

async function runStep(
  request: BaseImageRequest,
  ports: BaseImagePorts,
  command: string,
  args: readonly string[],
): Promise<void> {
  const lines: string[] = [];
  const result = await ports.exec.run(command, args, {
    allowFailure: true,
    env: { SOURCE_DATE_EPOCH: sourceDateEpoch },
    onLine: (line) => {
      lines.push(line);
      request.onLine?.(line);
    },
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (result.exitCode !== 0) {
    const { cause, remedy, said } = explainFailure(lines);
    throw new CommandError(`${cause}: making the Debian base with ${command} failed`, {
      hint: remedy ?? "check that the Debian mirror of this machine serves the release",
      output: said,
    });
  }
}

function lineOption(request: BaseImageRequest): { readonly onLine?: (line: string) => void } {
  return request.onLine === undefined ? {} : { onLine: request.onLine };
}
