import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { BackupRepository, BackupSftp } from "../contract.generated.ts";
import { assertNever } from "../errors.ts";

/** How restic finds a repository and is let in. */
export interface ResticPlace {
  /** What people call it. */
  readonly shown: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** It is on a server, and not in a directory that is mounted. */
  readonly isElsewhere: boolean;
}

/** Whom a connection trusts, and what it signs in with, as files of this user alone. */
export interface RepositoryFiles {
  readonly authorities: string;
  readonly privateKey: string;
  readonly knownHosts: string;
  /** What a client of SFTP is told to do; there while it does it. */
  readonly commands: string;
}

/** What is written to a folder that this user alone may open, for restic and for whoever asks the server before. */
export function writeRepositoryFiles(repository: BackupRepository, folder: string): RepositoryFiles {
  const files = {
    authorities: join(folder, "authorities.pem"),
    privateKey: join(folder, "private-key"),
    knownHosts: join(folder, "known-hosts"),
    commands: join(folder, "sftp-commands"),
  };
  const write = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o600 });
  if ("ca" in repository) {
    // Restic knows either the public authorities or the given ones.
    write(files.authorities, [...rootCertificates, repository.ca, ""].join("\n"));
  }
  if (repository.kind === "sftp") {
    write(files.privateKey, `${repository.privateKey.trimEnd()}\n`);
    write(files.knownHosts, `${hostKeyAlias} ${repository.hostKey}\n`);
  }
  return files;
}

/** What restic is told. What lets it in stands in its environment, or in files, and never among its words. */
export function resticPlace(repository: BackupRepository, files: RepositoryFiles): ResticPlace {
  return { ...placeOf(repository, files), isElsewhere: repository.kind !== "directory" };
}

function placeOf(repository: BackupRepository, files: RepositoryFiles): Omit<ResticPlace, "isElsewhere"> {
  switch (repository.kind) {
    case "directory": {
      const { path, shown = path } = repository;
      return { shown, environment: { RESTIC_REPOSITORY: path }, words: [] };
    }
    case "rest": {
      const { url, login, shown = url } = repository;
      const signIn =
        login === undefined ? {} : { RESTIC_REST_USERNAME: login.user, RESTIC_REST_PASSWORD: login.password };
      return {
        shown,
        environment: { RESTIC_REPOSITORY: `rest:${url.replace(/\/*$/, "/")}`, ...signIn },
        words: trusting(repository, files),
      };
    }
    case "s3": {
      const { endpoint, bucket, prefix, region, accessKey, secretKey, virtualHost } = repository;
      const url = [endpoint.replace(/\/+$/, ""), bucket, ...(prefix === undefined ? [] : [prefix])].join("/");
      return {
        shown: repository.shown ?? url,
        environment: {
          ...{ RESTIC_REPOSITORY: `s3:${url}`, AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
          AWS_DEFAULT_REGION: region ?? defaultRegion,
        },
        words: ["-o", `s3.bucket-lookup=${virtualHost === true ? "dns" : "path"}`, ...trusting(repository, files)],
      };
    }
    case "sftp": {
      const { address, user, path } = repository;
      const url = `sftp://${user}@${address}${path}`;
      return {
        shown: repository.shown ?? url,
        // Of two slashes the second is the root of what the server shows; after one a path begins at the user's home.
        environment: { RESTIC_REPOSITORY: `sftp://${user}@${address}/${path}` },
        words: ["-o", `sftp.args=${sshOptions(files).join(" ")}`],
      };
    }
    default:
      return assertNever(repository);
  }
}

/** The region that stores take where none is named. */
export const defaultRegion = "us-east-1";

function trusting({ ca }: { readonly ca?: string }, { authorities }: RepositoryFiles): readonly string[] {
  return ca === undefined ? [] : ["--cacert", authorities];
}

/** One name for whatever address the server has, so that its key stands under that name. */
const hostKeyAlias = "repository";

function sshOptions({ privateKey, knownHosts }: RepositoryFiles): readonly string[] {
  const options = {
    ...{ BatchMode: "yes", StrictHostKeyChecking: "yes", HostKeyAlias: hostKeyAlias, UserKnownHostsFile: knownHosts },
    ...{ GlobalKnownHostsFile: "/dev/null", IdentitiesOnly: "yes", IdentityFile: privateKey },
    ...{ ConnectTimeout: "20", ServerAliveInterval: "20", ServerAliveCountMax: "3" },
  };
  return ["-F", "/dev/null", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}

/** The words with which `ssh` opens the file server of a repository. */
export function sshWords({ address, user }: BackupSftp, files: RepositoryFiles): readonly string[] {
  const { host, port } = splitAddress(address);
  return [...sshOptions(files), "-p", port, "-l", user, "-s", host.replaceAll(/[[\]]/g, ""), "sftp"];
}

/** The words with which `sftp` does at the server of a repository what stands in the file `commands`. */
export function sftpWords({ address, user }: BackupSftp, files: RepositoryFiles): readonly string[] {
  const { host, port } = splitAddress(address);
  return [...sshOptions(files), "-q", "-P", port, "-o", `User=${user}`, "-b", files.commands, host];
}

function splitAddress(address: string): { readonly host: string; readonly port: string } {
  const split = address.lastIndexOf(":");
  return { host: address.slice(0, split), port: address.slice(split + 1) };
}
