import { describe, expect, it } from "vitest";
import { loadTestValues } from "../../../test/support/values-sources.ts";
import { ownRepository, readerSetsFrom, setsFrom } from "./restore-from.ts";

/** Values as a backup of the platform has them, with what stands over them in a restore. */
const restored = (file: string, from: string, set: readonly string[] = []) => {
  const { directory, repository } = loadTestValues(file, setsFrom({ from, set })).backup;
  return { directory, ...Object.fromEntries(Object.entries(repository).filter(([, value]) => value !== "")) };
};

const toServer =
  'backup: { mode: embedded, repository: { kind: rest, url: "https://old.corp/x", user: u, password: inline } }';

describe("backups are where a restore says", () => {
  it("in a directory, which were on a server", () => {
    expect(restored(toServer, "/mnt/copy")).toEqual({ directory: "/mnt/copy", kind: "directory" });
  });

  it("on a server, which were in a directory", () => {
    const set = ["backup.repository.accessKey=k", "backup.repository.secretKeyFile=/key"];

    expect(restored("backup: { mode: embedded, directory: /mnt/b }", "s3:https://s3.corp/b/hub", set)).toEqual({
      ...{ directory: "", kind: "s3", url: "https://s3.corp/b/hub", accessKey: "k", secretKeyFile: "/key" },
    });
  });

  it("with what lets one in here, and not with what did before", () => {
    const set = ["backup.repository.user=u", "backup.repository.passwordFile=/password"];

    expect(restored(toServer, "rest:https://new.corp:8000/x", set)).toEqual({
      ...{ directory: "", kind: "rest", url: "https://new.corp:8000/x", user: "u", passwordFile: "/password" },
    });
  });

  it("and whoever only reads them is told of them and of nothing else", () => {
    const set = ["domain=hub.corp", "backup.repository.user=u", "tls.trustedCaFile=/ca.pem"];
    const reader = readerSetsFrom({ from: "rest:https://b.corp/x", set });

    expect(reader).toEqual(expect.arrayContaining(["backup.repository.user=u", "tls.trustedCaFile=/ca.pem"]));
    expect(reader).not.toContain("domain=hub.corp");
  });

  it("unless the address does not say what kind of server it is", () => {
    expect(() => setsFrom({ from: "https://b.corp/x", set: [] })).toThrow("does not say what kind of server this is");
  });
});

describe("a platform's own backups", () => {
  it.each([
    ["backup: { mode: embedded, directory: /mnt/b }", "/mnt/b", []],
    [
      toServer,
      "rest:https://old.corp/x",
      ["backup.repository.user=u", "backup.repository.passwordFile=/secrets/backup-credential"],
    ],
    [
      'backup: { mode: embedded, repository: { kind: sftp, url: "sftp://u@b.corp/x", privateKeyFile: /k, hostKey: ssh-ed25519 AAAA } }',
      "sftp://u@b.corp/x",
      ["backup.repository.hostKey=ssh-ed25519 AAAA", "backup.repository.privateKeyFile=/secrets/backup-credential"],
    ],
  ])("are read from there by a drill", (file, from, set) => {
    const own = ownRepository(loadTestValues(file), "/secrets");

    expect(own).toEqual({ from, set });
    expect(() => loadTestValues("", setsFrom(own))).not.toThrow();
  });
});
