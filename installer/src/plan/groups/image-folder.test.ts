import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderOfImage } from "./image-folder.ts";

const parts = folderOfImage({
  component: "viewer",
  image: { name: "viewer", reference: "viewer:1", source: "third-party" },
  volume: "plugins",
  from: "/root/.viewer",
  to: "/tmp/.viewer",
  title: "plug-ins",
  expected: "plugins/*/first.so",
  without: "nothing is shown",
});

describe("a folder of an image that only root may open", () => {
  it("is copied by a job with nothing but its volume, and read by who waits for it", () => {
    const { container, needs } = parts.job;

    expect(container).toMatchObject({ uid: 0, env: [], files: [], mounts: [{ volume: "plugins", path: "/copy" }] });
    expect(needs).toEqual([]);
    expect(parts.mount).toEqual({ volume: "plugins", path: "/tmp/.viewer", readOnly: true });
    expect(parts.need).toEqual({ kind: "completed", job: "viewer-plugins" });
  });
});

describe("its copy", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "folder-"));
    mkdirSync(join(root, "copy"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** Runs the job's own script with its places below a folder of the test, and gives what it says. */
  function run(): string {
    const [program = "", ...options] = parts.job.container.entrypoint ?? [];
    const script = (parts.job.container.command?.[0] ?? "").replaceAll(
      /(?<![\w$*.}])\/(root|copy|image)\b/g,
      `${root}/$1`,
    );
    return execFileSync(program, [...options, `exec 2>&1\n${script}`], { encoding: "utf8" });
  }

  function put(path: string, text: string): void {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o640 });
  }

  it("can be read and changed by nobody else, also if it was otherwise before", () => {
    put("root/.viewer/plugins/v1/first.so", "new");
    put("copy/plugins/v0/first.so", "old");
    chmodSync(join(root, "copy"), 0o700);

    expect(run()).toBe("");

    expect(readdirSync(join(root, "copy"))).toEqual(["plugins"]);
    expect(readdirSync(join(root, "copy/plugins"))).toEqual(["v1"]);
    expect(readFileSync(join(root, "copy/plugins/v1/first.so"), "utf8")).toBe("new");
    const modes = ["copy", "copy/plugins/v1", "copy/plugins/v1/first.so"].map(
      (path) => statSync(join(root, path)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o644]);
  });

  it("comes from where the target has mounted it, and is made again as often as it is asked for", () => {
    put("image/plugins/v1/first.so", "mounted");
    put("copy/.new/plugins/half", "left by a run that was killed");

    run();
    run();

    expect(readdirSync(join(root, "copy"))).toEqual(["plugins"]);
    expect(readFileSync(join(root, "copy/plugins/v1/first.so"), "utf8")).toBe("mounted");
  });

  it("of an image that has none is empty, and says what that means", () => {
    mkdirSync(join(root, "root/.viewer"), { recursive: true });
    put("copy/plugins/v0/first.so", "of another image");

    expect(run()).toMatch(/the image holds no plug-ins .*: nothing is shown/);
    expect(readdirSync(join(root, "copy"))).toEqual([]);
  });
});
