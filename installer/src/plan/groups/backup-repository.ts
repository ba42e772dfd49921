import type { BackupRepository } from "../../../../toolbox/src/contract.generated.ts";
import { endpointOfUrl, givenSecret, randomSecret, type PlanContext } from "../define.ts";
import type { Endpoint, SecretSpec, Slotted, Volume, VolumeMount } from "../model.ts";
import { concat, endpoint, secret } from "../text.ts";
import { postgresUid } from "./postgres-client.ts";
import { outsideAuthorities } from "./public-address.ts";
import { isCloud } from "./s3-client.ts";

/** Secret that opens the repository of backups; the recovery key of a person opens it, too. */
export const repositorySecret = "backup-repository";

/** Secret that the server of a repository elsewhere lets the platform in with. */
export const repositoryCredential = "backup-credential";

const volume = { volume: "repository", path: "/repository" } satisfies VolumeMount;
const endpointId = "repository";
const defaultSshPort = 22;

/** What the repository of backups adds to the component whose it is. */
interface RepositoryParts {
  readonly endpoints: readonly Endpoint[];
  readonly volumes: readonly Volume[];
  readonly secrets: readonly SecretSpec[];
  /** Where a container that opens it has to find it. */
  readonly mounts: readonly VolumeMount[];
  /** How documents of the toolbox name it. */
  readonly document: { readonly kind: BackupRepository["kind"] } & Readonly<Record<string, Slotted>>;
}

/**
 * The repository of backups as the values name it: a directory of this host, a claim of the cluster, or a server elsewhere.
 * @param owner the component whose volume or endpoint it is
 */
export function backupRepository(context: PlanContext, owner: string): RepositoryParts {
  const { directory, claim, repository } = context.values.backup;
  const password = { password: secret(repositorySecret) };
  const secrets = [
    {
      ...randomSecret(repositorySecret, "password of the repository of backups"),
      rotation: {
        kind: "kept" as const,
        reason: "what backups are encrypted with stays the same under another password",
        instead:
          "who must not read them any more needs a repository that is made anew: another backup.directory or backup.repository",
      },
    },
  ];
  if (repository.kind === "directory") {
    return {
      ...{ endpoints: [], secrets, mounts: [volume] },
      volumes: [
        {
          ...{ name: volume.volume, sizeGiB: 1, dataClass: "ephemeral", uid: postgresUid },
          ...(claim === "" ? { directory } : { claim }),
        },
      ],
      document: {
        ...{ kind: "directory", path: volume.path, ...password },
        shown: claim === "" ? directory : `the claim ${claim}`,
      },
    };
  }
  return {
    ...{ volumes: [], mounts: [], endpoints: [endpointOf(repository)] },
    secrets: [...secrets, ...credentialOf(repository)],
    document: { ...documentOf(context, owner), ...password, shown: repository.url },
  };
}

type Repository = PlanContext["values"]["backup"]["repository"];

function endpointOf({ kind, url }: Repository): Endpoint {
  if (kind !== "sftp") return endpointOfUrl(endpointId, kind === "s3" ? "s3" : "http", url);
  const { hostname, port } = new URL(url);
  const number = port === "" ? defaultSshPort : Number(port);
  return { id: endpointId, protocol: "ssh", tls: false, port: number, externalHost: hostname };
}

function documentOf(context: PlanContext, owner: string): RepositoryParts["document"] {
  const { kind, url, region, accessKey, user, hostKey } = context.values.backup.repository;
  const { pathname, username } = new URL(url);
  const place = `${owner}.${endpointId}`;
  const credential = secret(repositoryCredential);
  switch (kind) {
    case "directory":
      throw new RangeError("a directory is no server");
    case "s3": {
      const [bucket = "", ...prefix] = pathname.split("/").filter((part) => part !== "");
      return {
        ...{ kind, endpoint: endpoint(place, "url"), bucket, accessKey, secretKey: credential },
        ...(prefix.length === 0 ? {} : { prefix: prefix.join("/") }),
        ...(region === "" ? {} : { region }),
        ...(isCloud(url) ? { virtualHost: true } : {}),
        ...outsideAuthorities(context),
      };
    }
    case "rest":
      return {
        ...{ kind, url: concat([endpoint(place, "url"), pathname]) },
        ...(user === "" ? {} : { login: { user, password: credential } }),
        ...outsideAuthorities(context),
      };
    case "sftp":
      return {
        ...{ kind, address: endpoint(place, "hostPort"), user: decodeURIComponent(username), path: pathname },
        ...{ hostKey, privateKey: credential },
      };
  }
}

function credentialOf(repository: Repository): readonly SecretSpec[] {
  const { kind, user, secretKeyFile, passwordFile, privateKeyFile } = repository;
  const given = (what: string, key: string, file: string): readonly SecretSpec[] => [
    givenSecret(repositoryCredential, `${what} of the repository of backups`, `backup.repository.${key}`, file),
  ];
  switch (kind) {
    case "directory":
      return [];
    case "s3":
      return given("secret key", "secretKey", secretKeyFile);
    case "rest":
      return user === "" ? [] : given("password on the server", "password", passwordFile);
    case "sftp":
      return given("private key for the server", "privateKeyFile", privateKeyFile);
  }
}
