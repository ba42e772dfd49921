/** How the vendor installed it. */
export type SourceKind = "compose" | "helm";

/** Where people reach it. */
export interface FoundAddress {
  readonly domain: string;
  readonly tls: boolean;
  /** Ports that differ from what the scheme and the vendor have by default; by key of our values. */
  readonly ports: Readonly<Record<string, number>>;
  readonly appsDomain?: string;
}

/** One container as it is described, with what its variables are set to. */
export interface Workload {
  readonly name: string;
  readonly image: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Where it is described: file, and name in it. */
  readonly where: string;
}

export interface Mount {
  /** Path in the container. */
  readonly target: string;
  /** What lies there: a path, or the name of a volume or claim. */
  readonly source: string;
  readonly kind: PlaceKind;
}

export type PlaceKind = "directory" | "volume" | "claim";

/** A service that the old installation uses and does not run. */
export interface FoundOutside {
  /** Section of our values. */
  readonly section: string;
  /** Address, for people. */
  readonly at: string;
  /** What goes under `external` of the section, without the secret. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** The secret: key of `external` that takes a file with it. */
  readonly secret?: { readonly key: string; readonly value: string; readonly where: string };
}

/** Mail, which is sent by a server elsewhere in any case. */
export interface FoundMail {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly secret?: { readonly value: string; readonly where: string };
}

/** A value that should be known to nobody. It never leaves the program but into a file of its own. */
export interface FoundSecret {
  /** Name of the variable or field that holds it. */
  readonly name: string;
  readonly value: string;
  readonly where: string;
  /** `vendor`: the vendor's tools made it, or it came with them; `unknown`: a person may have written it. */
  readonly madeBy: "vendor" | "unknown";
}

/** A certificate of which the key signs sign-ins. */
export interface FoundCertificateText {
  readonly pem: string;
  readonly where: string;
}

export interface FoundTls {
  readonly certificate: string;
  readonly key: string;
  readonly where: string;
}

/** What the files of an old installation say. Pure data; it holds secrets and is never printed. */
export interface FoundInstallation {
  readonly source: SourceKind;
  /** Names of the files that were read, below the folder. */
  readonly files: readonly string[];
  readonly address: FoundAddress;
  readonly edition?: string;
  /** Version of the hub. */
  readonly version: string;
  readonly workloads: readonly Workload[];
  readonly outside: readonly FoundOutside[];
  readonly mail?: FoundMail;
  readonly secrets: readonly FoundSecret[];
  readonly certificates: readonly FoundCertificateText[];
  readonly tls?: FoundTls;
  /** What a person should know of how this was read. */
  readonly notes: readonly string[];
}

/** The texts of a folder by their names below it. */
export type Tree = ReadonlyMap<string, string>;
