import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, install, expectRefusal, makeBundle, inFreshFolder } from "./install-script-world.ts";

inFreshFolder();

describe("a bundle that is not what it should be", () => {
  it("is refused with a checksum list other than the signed one", async () => {
    const { bundle, key } = await makeBundle({ changeChecksums: (text) => text.replace("a", "b") });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "checksums.txt");
  });

  it("is refused with one flipped bit in the executable", async () => {
    const { bundle, key } = await makeBundle({ blob: (text) => text.replace("9.9.9", "9.9.8") });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "is damaged");
  });

  it("is refused when it ends too early", async () => {
    const { bundle, key } = await makeBundle();
    const bytes = await readFile(bundle);
    await writeFile(bundle, bytes.subarray(0, bytes.indexOf("#!/bin/sh")));

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "blobs/sha256/");
  });

  it("is refused when it is something else", async () => {
    await writeFile(join(folder, "junk.tar"), randomBytes(4096));

    const result = await install([join(folder, "junk.tar"), "--unchecked", "--to", "bin"]);

    await expectRefusal(result, 8, "is not a bundle");
  });

  it("is refused unsigned, and taken with the explicit word", async () => {
    const { bundle, key } = await makeBundle({ unsigned: true });

    const refused = await install([bundle, "--key", key, "--to", "bin"]);
    await expectRefusal(refused, 8, "is not signed");

    const taken = await install([bundle, "--unchecked", "--to", "bin"]);
    expect(taken.exitCode).toBe(0);
    expect(taken.stderr).toContain("warning: --unchecked");
    expect(taken.stdout).toContain("--allow-unsigned");
  });

  it("is refused, even unchecked, when the executable is damaged", async () => {
    const { bundle } = await makeBundle({ blob: (text) => text.replace("9.9.9", "9.9.8") });

    const result = await install([bundle, "--unchecked", "--to", "bin"]);

    await expectRefusal(result, 8, "is damaged");
  });

  it("that is a delta without the executable sends to its base", async () => {
    const { bundle, key } = await makeBundle({ content: "delta", withoutBlobs: true });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "is a delta");
  });

  it("with an executable that does not start leaves nothing", async () => {
    const { bundle, key } = await makeBundle({ program: "#!/bin/sh\necho no libstdc >&2\nexit 127\n" });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 4, "slipway does not start here: no libstdc");
  });
});
