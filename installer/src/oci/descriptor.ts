/** Which machines an image is for, as an OCI descriptor says it: `linux/amd64`, `linux/arm64/v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** Of Windows: `10.0.20348.2700`. */
  readonly osVersion?: string;
}

/** A piece of content by digest: OCI image specification 1.1, "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** Layers of some types stay where their `urls` lead, by their licence, as bases of Windows: OCI image-spec 1.0, layer.md, and Docker's foreign ones. */
export function isDistributed({ mediaType }: Pick<Descriptor, "mediaType">): boolean {
  return !/\.layer\.nondistributable\.|\.rootfs\.foreign\./.test(mediaType);
}

/** `linux/amd64` and the like. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Undefined when the text is not `os/architecture[/variant]`. */
export function parsePlatform(text: string): Platform | undefined {
  const [os, architecture, variant, ...rest] = text.split("/");
  if (os === undefined || architecture === undefined || rest.length > 0) return undefined;
  if (![os, architecture, variant ?? "x"].every((part) => /^[a-z0-9][a-z0-9._-]*$/.test(part))) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
