import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { findComponent, findJob } from "../find-in-plan.ts";
import type { Plan } from "../model.ts";

const on = ["backup.mode=embedded"];
const somewhere = (...sets: readonly string[]): readonly string[] => [
  ...on,
  ...sets.map((set) => `backup.repository.${set}`),
];

/** How the job that copies is told of the repository. */
function repositoryOf(plan: Plan): unknown {
  const contents = findJob(plan, "backup")?.container.files[0]?.contents;
  if (contents?.kind !== "json") throw new Error("the job has no document");
  return (contents.value as { readonly repository?: unknown }).repository;
}

function credentialOf(plan: Plan): unknown {
  return plan.secrets.find(({ name }) => name === "backup-credential");
}

const password = { slot: "secret", name: "backup-repository" };
const credential = { slot: "secret", name: "backup-credential" };
const place = "backup.repository";

describe("the repository of backups", () => {
  it("is a directory of the host that belongs to a person", () => {
    const plan = infraPlan([...on, "backup.directory=/mnt/backup"]);

    expect(repositoryOf(plan)).toMatchObject({ kind: "directory", path: "/repository", shown: "/mnt/backup" });
    expect(findComponent(plan, "backup")?.volumes[0]).toMatchObject({ directory: "/mnt/backup" });
    expect(findComponent(plan, "backup")?.endpoints).toEqual([]);
    expect(credentialOf(plan)).toBeUndefined();
  });

  it("is a bucket, with what stands before it in the path, its region and the key that opens it", () => {
    const key = ["accessKey=slipway", "secretKeyFile=/etc/key"];
    const plan = infraPlan(
      somewhere("kind=s3", "url=https://s3.corp.example:9000/copies/ai/one", "region=north", ...key),
    );

    expect(repositoryOf(plan)).toMatchObject({
      kind: "s3",
      endpoint: { ref: place, field: "url" },
      bucket: "copies",
      prefix: "ai/one",
      region: "north",
      accessKey: "slipway",
      secretKey: credential,
      password,
    });
    expect(findComponent(plan, "backup")?.endpoints).toEqual([
      { id: "repository", protocol: "s3", tls: true, port: 9000, externalHost: "s3.corp.example" },
    ]);
    expect(credentialOf(plan)).toMatchObject({ description: "secret key of the repository of backups" });
  });

  it("is addressed by the bucket's own host name in a cloud that wants it so", () => {
    const key = ["accessKey=slipway", "secretKeyFile=/etc/key"];
    const repository = repositoryOf(infraPlan(somewhere("kind=s3", "url=https://s3.amazonaws.com/copies", ...key)));

    expect(repository).toMatchObject({ virtualHost: true });
    expect(repository).not.toHaveProperty("prefix");
    expect(repository).not.toHaveProperty("region");
  });

  it("is a rest-server, with or without a login", () => {
    const url = "url=https://backup.corp.example/ai/";
    const login = infraPlan(somewhere("kind=rest", url, "user=slipway", "passwordFile=/etc/password"));
    const open = infraPlan(somewhere("kind=rest", url));

    const path = [{ ref: place, field: "url" }, "/ai/"];
    expect(repositoryOf(login)).toMatchObject({ kind: "rest", url: { concat: path } });
    expect(repositoryOf(login)).toMatchObject({ login: { user: "slipway", password: credential }, password });
    expect(credentialOf(login)).toMatchObject({ description: "password on the server of the repository of backups" });
    expect(repositoryOf(open)).not.toHaveProperty("login");
    expect(credentialOf(open)).toBeUndefined();
  });

  it("is a folder on a server reached by SSH, at port 22 unless the address names another", () => {
    const key = ["hostKey=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJBYRBEZyWsYRTMGbEBXPWyH6FCn+GdAmRRMPvw+ctu8"];
    const more = [...key, "privateKeyFile=/etc/key"];
    const plan = infraPlan(somewhere("kind=sftp", "url=sftp://slipway@backup.corp.example/srv/ai", ...more));
    const other = infraPlan(somewhere("kind=sftp", "url=sftp://slipway@backup.corp.example:2222/srv/ai", ...more));

    expect(repositoryOf(plan)).toMatchObject({
      kind: "sftp",
      address: { ref: place, field: "hostPort" },
      user: "slipway",
      path: "/srv/ai",
      privateKey: credential,
    });
    const endpoint = { id: "repository", protocol: "ssh", tls: false, externalHost: "backup.corp.example" };
    expect(findComponent(plan, "backup")?.endpoints).toEqual([{ ...endpoint, port: 22 }]);
    expect(findComponent(other, "backup")?.endpoints).toEqual([{ ...endpoint, port: 2222 }]);
  });

  it("is reached by the jobs of backups and by no service", () => {
    const plan = infraPlan(somewhere("kind=rest", "url=https://backup.corp.example/ai/"));

    expect(plan.components.filter(({ reaches }) => reaches.includes(place)).map(({ id }) => id)).toEqual([]);
    expect(plan.jobs.filter(({ reaches }) => reaches.includes(place)).map(({ id }) => id)).toEqual(
      expect.arrayContaining(["backup", "backup-parts", "backup-records"]),
    );
  });
});
