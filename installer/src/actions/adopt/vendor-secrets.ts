/** What becomes of a secret. */
export type SecretFate =
  /** Ours is made anew, and nothing that moves depends on the old one. */
  | "replaced"
  /** It belongs to a service elsewhere, which goes on asking for it: it is written to a file that the values name. */
  | "kept"
  /** Data is bound to it, and no value takes it. */
  | "left-behind"
  /** It moves with the data, as something that cannot be turned back into it. */
  | "moves";

export interface VendorSecret {
  readonly id: string;
  readonly title: string;
  /** Variables and fields that hold it. */
  readonly names: readonly string[];
  readonly fate: SecretFate;
  /** What that means for people. */
  readonly means: string;
}

/** Every secret of an installation that a variable or a configuration file holds. */
export const vendorSecrets: readonly VendorSecret[] = [
  {
    id: "hub-token",
    title: "token of the hub's programs",
    names: ["HUB_SERVER_API_TOKEN", "STARHUB_SERVER_API_TOKEN", "CSGHUB_PORTAL_STARHUB_API_KEY"],
    fate: "replaced",
    means: "who holds it acts as anybody; programs elsewhere that used it need the new one",
  },
  {
    id: "hub-jwt",
    title: "key of signed-in people's tokens",
    names: ["STARHUB_JWT_SIGNING_KEY"],
    fate: "replaced",
    means: "people sign in again",
  },
  {
    id: "hub-session",
    title: "key of sessions in applications",
    names: ["STARHUB_SERVER_SPACE_SESSION_SECRET_KEY"],
    fate: "replaced",
    means: "people open their applications again",
  },
  {
    id: "sign-in-client",
    title: "secret of the hub at the sign-in service",
    names: ["STARHUB_SERVER_CASDOOR_CLIENT_SECRET", "CASDOOR_ADMIN_CLIENT_SECRET"],
    fate: "replaced",
    means: "programs of your own that sign in with it need the new one",
  },
  {
    id: "sign-in-root",
    title: "first password of root",
    names: ["INIT_ADMIN_PASSWORD"],
    fate: "moves",
    means: "it is among the users' data as a hash: change it after the move unless that was done",
  },
  {
    id: "git-callback",
    title: "secret between Git and the hub",
    names: ["STARHUB_SERVER_GITALY_JWT_SECRET", "gitaly.secret", "gitlab-shell.secret"],
    fate: "replaced",
    means: "nothing depends on it",
  },
  {
    id: "git-links",
    title: "key of links to large files",
    names: ["STARHUB_SERVER_GIT_SIGNATURE_SECRET_KEY"],
    fate: "replaced",
    means: "links that were handed out end",
  },
  {
    id: "git-storage",
    title: "token of the Git storage",
    names: ["GITALY_AUTH_TOKEN", "GITALY_TOKEN", "STARHUB_SERVER_GITALY_TOKEN", "gitaly.token"],
    fate: "replaced",
    means: "nothing depends on it",
  },
  {
    id: "hub-credentials",
    title: "key of credentials that people entrusted to the hub",
    names: ["OPENCSG_CREDENTIAL_MASTER_KEY_BASE64"],
    fate: "left-behind",
    means: "what was encrypted with it cannot be read here: people enter those credentials again",
  },
  {
    id: "hub-responses",
    title: "key of the numbers of answers",
    names: ["OPENCSG_AIGATEWAY_RESPONSES_ID_SECRET"],
    fate: "replaced",
    means: "numbers of answers that programs kept are no longer found",
  },
  {
    id: "databases",
    title: "password of the databases",
    names: ["POSTGRES_PASSWORD", "POSTGRES_PWD"],
    fate: "replaced",
    means: "every program gets a login of its own",
  },
  {
    id: "cache",
    title: "password of the cache",
    names: ["REDIS_PASSWD", "REDIS_PASSWORD", "STARHUB_SERVER_REDIS_PASSWORD", "CSGHUB_PORTAL_REDIS_PASSWORD"],
    fate: "replaced",
    means: "nothing depends on it",
  },
  {
    id: "messages",
    title: "password of the message server",
    names: ["NATS_ROOT_PASSWORD", "NATS_PASSWORD"],
    fate: "replaced",
    means: "nothing depends on it",
  },
  {
    id: "objects",
    title: "secret key of the object store",
    names: [
      ...["MINIO_ROOT_PASSWORD", "STARHUB_SERVER_S3_ACCESS_KEY_SECRET", "CSGHUB_PORTAL_S3_ACCESS_KEY_SECRET"],
      ...["CSGHUB_PORTAL_PRIVATE_S3_ACCESS_KEY_SECRET", "REGISTRY_STORAGE_S3_SECRETKEY"],
    ],
    fate: "replaced",
    means: "programs of your own that use it need the new one",
  },
  {
    id: "images",
    title: "password of the image registry",
    names: ["REGISTRY_PASSWORD"],
    fate: "replaced",
    means: "who pushes images signs in again",
  },
  {
    id: "workflow-page",
    title: "password of the page of workflows",
    names: ["TEMPORAL_CONSOLE_PASSWORD"],
    fate: "replaced",
    means: "people sign in there with their own accounts",
  },
];

/** The secret that a variable or field holds; undefined for one that is none. */
export function secretNamed(name: string): VendorSecret | undefined {
  return vendorSecrets.find(({ names }) => names.includes(name));
}
