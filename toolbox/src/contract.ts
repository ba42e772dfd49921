/**
 * The documents the toolbox program reads and the lines it prints. Types only: the installer's plan
 * imports this file as types, the program checks every document against the same shapes at run time.
 *
 * A port may be given as a number or as a string of digits, because a rendered document fills its
 * slots with text. Unknown fields are refused.
 */

/** How a PostgreSQL connection is encrypted: `verify` checks the chain (with `caFile` if given) and the name. */
export type PostgresTls = "off" | "require" | "verify";

export type Port = number | `${number}`;

export interface PostgresLogin {
  readonly host: string;
  readonly port: Port;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: PostgresTls;
  readonly caFile?: string;
}

/** The document of `toolbox run <file.json>` and `toolbox run --probe <file.json>`. */
export type Job = PostgresDatabasesJob | S3BucketsJob | TemporalSchemaJob | TemporalNamespaceJob | CasdoorBootstrapJob;

export type JobKind = Job["kind"];

export interface DatabaseExtension {
  readonly name: string;
  /** An optional extension the server does not offer is left out without an error. */
  readonly optional?: boolean;
}

export interface ServiceDatabase {
  readonly name: string;
  /** The login role that owns the database; one role may own several databases with the same password. */
  readonly owner: string;
  readonly password: string;
  readonly extensions: readonly DatabaseExtension[];
}

/** One login role per service, owning only its databases; nobody else may connect to them. */
export interface PostgresDatabasesJob {
  readonly kind: "postgres-databases";
  readonly admin: PostgresLogin;
  readonly databases: readonly ServiceDatabase[];
}

export interface S3Bucket {
  readonly name: string;
  readonly versioning: boolean;
  readonly access: "private" | "public-read";
  /** Days after which a version that is no longer current expires; needs `versioning`. */
  readonly noncurrentDays?: number;
}

export interface S3User {
  readonly accessKey: string;
  readonly secretKey: string;
  /** The only buckets this key may use. */
  readonly buckets: readonly string[];
}

export interface S3BucketsJob {
  readonly kind: "s3-buckets";
  /** `http://minio:9000`, without a path. */
  readonly endpoint: string;
  readonly region: string;
  /** `generic` makes the buckets only: a foreign store's keys are made by its owner. */
  readonly flavour: "minio" | "generic";
  readonly admin: { readonly accessKey: string; readonly secretKey: string };
  readonly buckets: readonly S3Bucket[];
  readonly users: readonly S3User[];
  readonly caFile?: string;
}

export interface TemporalDatabase {
  readonly name: string;
  readonly schema: "postgresql/v12/temporal" | "postgresql/v12/visibility";
  /** The schema version there must be afterwards; without it a probe takes any finished set-up for done. */
  readonly version?: string;
}

/** Sets up and updates Temporal's two schemas as the plain owner of both databases. */
export interface TemporalSchemaJob {
  readonly kind: "temporal-schema";
  readonly host: string;
  readonly port: Port;
  readonly user: string;
  readonly password: string;
  readonly databases: readonly TemporalDatabase[];
  readonly tls: PostgresTls;
  readonly caFile?: string;
}

export interface TemporalNamespaceJob {
  readonly kind: "temporal-namespace";
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly retentionDays: number;
}

export interface CasdoorApplication {
  readonly name: string;
  readonly organization: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
}

export interface CasdoorCertificate {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

/** Closes Casdoor's default administrator account and keeps its applications' rows equal to the document. */
export interface CasdoorBootstrapJob {
  readonly kind: "casdoor-bootstrap";
  readonly database: PostgresLogin;
  /** Casdoor's address inside the platform, `http://casdoor:8000`. */
  readonly url: string;
  readonly builtInAdminPasswordHash: string;
  readonly applications: readonly CasdoorApplication[];
  /** Signing certificates made by us that must be in place (rows of owner `admin`); absent: not looked at. */
  readonly certificates?: readonly CasdoorCertificate[];
}

/** The document of `toolbox verify <file.json>`. */
export interface VerifyDocument {
  readonly wires: readonly Wire[];
}

export type Wire =
  | PostgresWire
  | RedisWire
  | S3Wire
  | GitalyWire
  | SshWire
  | RegistryWire
  | TemporalWire
  | OidcWire
  | NatsWire
  | RouteWire
  | TlsWire;

export type WireKind = Wire["kind"];

export interface WireIdentity {
  /** Unique in the document, e.g. `csghub-server -> postgres`. */
  readonly name: string;
  /** The component whose credentials are used. */
  readonly from: string;
  /** The component that answers. */
  readonly to: string;
}

export interface PostgresWire extends WireIdentity, PostgresLogin {
  readonly kind: "postgres";
  /** Databases of others: a connection with these credentials must be refused. */
  readonly refusedDatabases: readonly string[];
}

export interface RedisWire extends WireIdentity {
  readonly kind: "redis";
  readonly host: string;
  readonly port: Port;
  readonly password: string;
}

export interface S3Wire extends WireIdentity {
  readonly kind: "s3";
  /** As the services reach the store, `http://minio:9000`. */
  readonly endpoint: string;
  /** As presigned URLs name the store; equal to `endpoint` where there is no public one. */
  readonly publicEndpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly bucket: string;
  /** Buckets of others: listing and putting must be denied. */
  readonly deniedBuckets: readonly string[];
  /** True where anonymous download is meant (`public-read`); the anonymous get must then succeed. */
  readonly publicRead?: boolean;
  readonly caFile?: string;
  /** Where the public endpoint's host is reached instead of by DNS. */
  readonly resolve?: string;
}

export interface GitalyWire extends WireIdentity {
  readonly kind: "gitaly";
  /** `host:port`. */
  readonly address: string;
  readonly token: string;
  readonly storage: string;
}

export interface SshWire extends WireIdentity {
  readonly kind: "ssh";
  readonly host: string;
  readonly port: Port;
  /** Public keys as OpenSSH writes them (`ssh-ed25519 AAAA… comment`); the server must show one of them. */
  readonly hostKeys: readonly string[];
}

export interface RegistryWire extends WireIdentity {
  readonly kind: "registry";
  /** Base without `/v2`, e.g. `http://registry:5000` or the public URL. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly caFile?: string;
  readonly resolve?: string;
}

export interface TemporalWire extends WireIdentity {
  readonly kind: "temporal";
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
}

export interface OidcWire extends WireIdentity {
  readonly kind: "oidc";
  /** The public URL that discovery and tokens must name as issuer. */
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly organization: string;
  readonly application: string;
  readonly username: string;
  readonly password: string;
  readonly caFile?: string;
  readonly resolve?: string;
}

export interface NatsWire extends WireIdentity {
  readonly kind: "nats";
  /** `nats://host:port`, without credentials. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Prefix of the memory stream that is made and removed; `slipway-verify` unless given. */
  readonly stream?: string;
}

export interface RouteWire extends WireIdentity {
  readonly kind: "route";
  readonly url: string;
  readonly caFile?: string;
  /** `host[:port]` connected to instead of the URL's host; Host header and TLS name stay the URL's. */
  readonly resolve?: string;
  readonly method?: string;
  readonly expectStatus: number | readonly number[];
  /** Text the body must hold. */
  readonly expectBody?: string;
  /** Headers the answer must carry: a value, or `true` for any value. */
  readonly expectHeader?: Readonly<Record<string, string | true>>;
}

export interface TlsWire extends WireIdentity {
  readonly kind: "tls";
  readonly host: string;
  readonly port: Port;
  readonly servername: string;
  readonly caFile: string;
}

/** One line of `toolbox verify` on stdout per finished wire. */
export interface WireResult {
  readonly wire: string;
  readonly kind: WireKind;
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly ok: boolean;
  /** What was to be proved, in words. */
  readonly expectation: string;
  readonly ms: number;
  /** What went wrong, redacted. */
  readonly error?: string;
  /** The likely cause in plain words and what to look at. */
  readonly cause?: string;
  /** What was seen, step by step. */
  readonly details?: readonly string[];
}

/** The last line of `toolbox verify` on stdout. */
export interface VerifySummary {
  readonly summary: { readonly passed: number; readonly failed: number };
}

/** The only line of `toolbox run` on stdout; progress goes to stderr. */
export interface JobResult {
  readonly job: JobKind;
  readonly ok: boolean;
  /** What was changed; empty when it was already so. */
  readonly changes: readonly string[];
  /** What a probe found missing. */
  readonly missing?: readonly string[];
  readonly ms: number;
  readonly error?: string;
  readonly cause?: string;
}

/**
 * Exit codes: 0 done or all wires pass; 1 our bug; 2 wrong usage; 3 the document is malformed or unreadable;
 * 6 the job failed; 7 its server did not answer in time; 10 a probe found it not yet so; 12 a wire failed.
 */
export type ToolboxExit = 0 | 1 | 2 | 3 | 6 | 7 | 10 | 12;
