import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackupRepository, BackupSftp } from "../contract.generated.ts";
import { resticPlace, sshWords, writeRepositoryFiles } from "./restic-repository.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-repository-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const password = "opens the repository";
const sftp: BackupSftp = {
  kind: "sftp",
  ...{ address: "b.corp:2222", user: "slipway", path: "/srv/backup", password },
  ...{ hostKey: "ssh-ed25519 AAAA", privateKey: "-----BEGIN KEY-----\nsecret" },
};
const repositories: Record<string, BackupRepository> = {
  directory: { kind: "directory", path: "/repository", shown: "/mnt/backup", password },
  rest: { kind: "rest", url: "https://b.corp:8000/slipway", login: { user: "u", password: "p:/@ä" }, password },
  "rest without a login": { kind: "rest", url: "https://b.corp:8000/slipway/", password },
  s3: {
    ...{ kind: "s3", endpoint: "https://s3.corp:443", bucket: "b", prefix: "hub/main", password },
    ...{ accessKey: "k", secretKey: "s" },
  },
  "s3 of a cloud": {
    ...{ kind: "s3", endpoint: "https://s3.eu-central-1.amazonaws.com:443", bucket: "b", password },
    ...{ region: "eu-central-1", virtualHost: true, accessKey: "k", secretKey: "s" },
  },
  sftp,
};

describe("restic is told of a repository", () => {
  const place = (name: string) => {
    const repository = repositories[name] ?? sftp;
    return resticPlace(repository, writeRepositoryFiles(repository, folder));
  };

  it.each([
    ["directory", { RESTIC_REPOSITORY: "/repository" }],
    [
      "rest",
      {
        ...{ RESTIC_REPOSITORY: "rest:https://b.corp:8000/slipway/" },
        ...{ RESTIC_REST_USERNAME: "u", RESTIC_REST_PASSWORD: "p:/@ä" },
      },
    ],
    ["rest without a login", { RESTIC_REPOSITORY: "rest:https://b.corp:8000/slipway/" }],
    [
      "s3",
      {
        ...{ RESTIC_REPOSITORY: "s3:https://s3.corp:443/b/hub/main", AWS_DEFAULT_REGION: "us-east-1" },
        ...{ AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" },
      },
    ],
    [
      "s3 of a cloud",
      {
        RESTIC_REPOSITORY: "s3:https://s3.eu-central-1.amazonaws.com:443/b",
        ...{ AWS_DEFAULT_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" },
      },
    ],
    ["sftp", { RESTIC_REPOSITORY: "sftp://slipway@b.corp:2222//srv/backup" }],
  ])("%s: by its environment", (name, environment) => {
    expect(place(name).environment).toEqual(environment);
  });

  it("never by words that hold a secret", () => {
    for (const name of Object.keys(repositories)) {
      expect(place(name).words.join(" ")).not.toMatch(/secret|p:\/@|AWS|opens/);
    }
  });

  it("with the bucket before the host name at a cloud, and in the path elsewhere", () => {
    expect(place("s3").words).toEqual(["-o", "s3.bucket-lookup=path"]);
    expect(place("s3 of a cloud").words).toEqual(["-o", "s3.bucket-lookup=dns"]);
  });
});

it("given authorities are trusted beside the public ones", async () => {
  const repository = { ...(repositories["rest"] as object), ca: "-----OURS-----" } as BackupRepository;
  const files = writeRepositoryFiles(repository, folder);

  expect(resticPlace(repository, files).words).toEqual(["--cacert", files.authorities]);
  const text = await readFile(files.authorities, "utf8");
  expect(text).toMatch(/\n-----OURS-----\n$/);
  expect(text.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(50);
});

it("a server behind SSH is known by its key alone, and its key file is this user's", async () => {
  const files = writeRepositoryFiles(sftp, folder);
  const words = sshWords(sftp, files);

  expect(words).toEqual(
    expect.arrayContaining(["StrictHostKeyChecking=yes", `UserKnownHostsFile=${files.knownHosts}`]),
  );
  expect(words.slice(-7)).toEqual(["-p", "2222", "-l", "slipway", "-s", "b.corp", "sftp"]);
  expect(await readFile(files.knownHosts, "utf8")).toBe("repository ssh-ed25519 AAAA\n");
  expect(await readFile(files.privateKey, "utf8")).toBe("-----BEGIN KEY-----\nsecret\n");
  expect((await stat(files.privateKey)).mode & 0o777).toBe(0o600);
});
