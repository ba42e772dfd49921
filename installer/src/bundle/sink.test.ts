import { describe, expect, it } from "vitest";
import type { BulkFiles, WritableFile } from "../platform/content-ports.ts";
import { openSink } from "./sink.ts";

const broken = new Error("EIO");

/** Files that keep nothing; flushing or renaming them fails when asked to. */
function filesFailing(at: "sync" | "rename" | "nothing"): { readonly bulk: BulkFiles; readonly renamed: string[] } {
  const renamed: string[] = [];
  const done = (): Promise<void> => Promise.resolve();
  const file = (path: string): WritableFile => ({
    path,
    write: done,
    reserve: done,
    close: done,
    sync: () => (at === "sync" ? Promise.reject(broken) : done()),
  });
  const bulk: BulkFiles = {
    open: () => Promise.resolve(undefined),
    create: (path) => Promise.resolve(file(path)),
    rename: (_, to) => (at === "rename" ? Promise.reject(broken) : Promise.resolve(void renamed.push(to))),
  };
  return { bulk, renamed };
}

describe("files of a bundle on a disk that fails", () => {
  it("get no name after a flush on the way that failed, and count as lost", async () => {
    const { bulk, renamed } = filesFailing("sync");
    const sink = await openSink({ output: "/b.tar", size: 10, partSize: 5 }, false, bulk);

    sink.flushBehind();

    await expect(sink.publish()).rejects.toBe(broken);
    expect([sink.lost(), renamed]).toEqual([true, []]);
  });

  it("count as lost also when something else ends the run after such a flush", async () => {
    const sink = await openSink({ output: "/b.tar", size: 10 }, false, filesFailing("sync").bulk);

    sink.flushBehind();
    await sink.close();

    expect(sink.lost()).toBe(true);
  });

  it("count as lost when the last flush fails, and not when all went well", async () => {
    const bad = await openSink({ output: "/b.tar", size: 10 }, false, filesFailing("rename").bulk);
    const good = await openSink({ output: "/b.tar", size: 10 }, false, filesFailing("nothing").bulk);

    await expect(bad.publish()).rejects.toBe(broken);
    await good.publish();

    expect([bad.lost(), good.lost()]).toEqual([true, false]);
  });
});
