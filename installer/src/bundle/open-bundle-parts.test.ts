import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { beforeEach, describe, expect, test } from "vitest";
import { fixtureKey, fixturePublicKey, writeSplit } from "../../test/support/bundle-fixture.ts";
import { createBulkFiles } from "../platform/bulk-files.ts";
import { signMessage } from "./minisign-secret.ts";
import { openBundle } from "./open-bundle.ts";
import { ports, full, at, open, opened, withBit, offsetOf, inFreshFolder } from "./testing/opened-bundle.ts";

inFreshFolder();

describe("a bundle in parts", () => {
  const usb = (): string => at("usb");
  const second = (name: string): string => join(usb(), name);
  beforeEach(() => {
    writeSplit(usb(), full.bytes, { partSize: 20_000 });
  });

  test("is read from the header or any part, without joining", async () => {
    for (const name of ["usb/bundle.tar.split.json", "usb/bundle.tar.part001", "usb/bundle.tar.part003"]) {
      await opened(name, async (bundle) => {
        expect(bundle.root).toBe(full.root);
        for (const [digest, bytes] of full.blobs) {
          const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
          expect(read.equals(bytes)).toBe(true);
        }
      });
    }
  });

  test("is read from several folders", async () => {
    mkdirSync(at("other"));
    renameSync(second("bundle.tar.part002"), at("other/bundle.tar.part002"));
    renameSync(second("bundle.tar.part005"), at("other/bundle.tar.part005"));

    await opened("usb/bundle.tar.split.json", (bundle) => expect(bundle.root).toBe(full.root), {
      partFolders: [at("other")],
    });
    await opened("other/bundle.tar.part005", (bundle) => expect(bundle.root).toBe(full.root), {
      partFolders: [usb()],
    });
  });

  test("names each part that is missing or too short", async () => {
    rmSync(second("bundle.tar.part002"));
    truncateSync(second("bundle.tar.part004"), 19_999);

    await expect(open("usb/bundle.tar.split.json")).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: `bundle.tar cannot be read: bundle.tar.part002 is missing; ${second("bundle.tar.part004")} is truncated: 19999 bytes of 20000`,
    });
  });

  test("is refused, with nothing left open, when a part goes while it is opened", async () => {
    const bulkFiles = createBulkFiles();
    const seen = new Map<string, number>();
    let held = 0;
    const vanishing: typeof bulkFiles = {
      ...bulkFiles,
      open: async (path) => {
        seen.set(path, (seen.get(path) ?? 0) + 1);
        const file = path.endsWith("part002") && seen.get(path) === 2 ? undefined : await bulkFiles.open(path);
        if (file === undefined) return undefined;
        held += 1;
        return { ...file, close: () => file.close().finally(() => (held -= 1)) };
      },
    };
    const request = {
      paths: [at("usb/bundle.tar.split.json")],
      partFolders: [at("usb2")],
      trustedKeys: [fixturePublicKey],
      allowUnsigned: false,
    };

    await expect(openBundle(request, { ...ports, bulkFiles: vanishing })).rejects.toThrow(
      "bundle.tar.part002 was changed or removed while it was opened",
    );
    expect(held).toBe(0);
  });

  test("names the part that is damaged where the bundle cannot be read", async () => {
    writeFileSync(second("bundle.tar.part001"), withBit(readFileSync(second("bundle.tar.part001")), 700));

    await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(/^\S+bundle.tar.part001 is damaged/);
  });

  test("names the parts that changed places", async () => {
    renameSync(second("bundle.tar.part001"), at("kept"));
    renameSync(second("bundle.tar.part002"), second("bundle.tar.part001"));
    renameSync(at("kept"), second("bundle.tar.part002"));

    await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(
      "part001 has the contents of bundle.tar.part002: parts were swapped",
    );
  });

  test("names the part in which a damaged blob lies", async () => {
    const [digest, bytes] = [...full.blobs].find(([, contents]) => contents.length === 70000)!;
    const offset = offsetOf(full, `blobs/sha256/${digest.slice(7)}`);
    const number = Math.floor((offset + 35_000) / 20_000);
    const path = second(`bundle.tar.part00${number + 1}`);
    writeFileSync(path, withBit(readFileSync(path), (offset + 35_000) % 20_000));

    const read = opened("usb/bundle.tar.split.json", async (bundle) =>
      buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length })),
    );

    await expect(read).rejects.toThrow(`part00${number + 1}`);
  });

  test("is refused without its header, or with one that is none", async () => {
    const header = second("bundle.tar.split.json");
    const text = readFileSync(header, "utf8");

    for (const [change, why] of [
      [text.replace("SplitBundle", "Bundle"), "kind is not SplitBundle"],
      [text.replace('"bundle.tar.part002"', '"../../etc/passwd"'), "does not name bundle.tar.part002"],
      [text.replace('"name": "bundle.tar"', '"name": "../x"'), "names no file"],
      [text.replace('"partSize": 20000', '"partSize": 10'), "does not name"],
      ["[]", "not an object"],
      ["{", "not JSON"],
    ] as const) {
      writeFileSync(header, change);
      await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(why);
    }
    rmSync(header);
    await expect(open("usb/bundle.tar.part001")).rejects.toThrow("its header bundle.tar.split.json is not there");
  });

  test("is refused when its header is signed and was changed", async () => {
    const header = second("bundle.tar.split.json");
    writeFileSync(`${header}.minisig`, signMessage(readFileSync(header), fixtureKey, "bundle.tar"));
    await opened("usb/bundle.tar.split.json", (bundle) => expect(bundle.trust.state).toBe("signed"));

    const digest = /sha256:[0-9a-f]{64}/.exec(readFileSync(header, "utf8"))?.[0] ?? "";
    writeFileSync(header, readFileSync(header, "utf8").replace(digest, full.root));

    await expect(open("usb/bundle.tar.split.json")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});
