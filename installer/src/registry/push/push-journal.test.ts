import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { journalPath, openPushJournal } from "./push-journal.ts";

const path = "/cache/push/x.jsonl";
const digest = `sha256:${"a".repeat(64)}`;
const ignore = (): void => undefined;

describe("the journal of a push", () => {
  it("knows what an earlier run recorded, also when that one was killed", async () => {
    const files = createMemoryFileSystem();
    await (await openPushJournal(files, path, ignore)).record("team/one", digest);

    const again = await openPushJournal(files, path, ignore);

    expect([again.has("team/one", digest), again.has("team/two", digest)]).toEqual([true, false]);
  });

  it.each([
    '{"repository":"team/one","dig',
    "nonsense",
    '{"repository":"team/one","digest":"md5:1"}',
    "[]}",
    "null",
    "",
  ])("takes the line %j for not recorded", async (line) => {
    const files = createMemoryFileSystem({ [path]: `${line}\n${JSON.stringify({ repository: "b", digest })}\n` });

    const journal = await openPushJournal(files, path, ignore);

    expect([journal.has("team/one", digest), journal.has("b", digest)]).toEqual([false, true]);
  });

  it("flushes in batches and at its end", async () => {
    const files = createMemoryFileSystem();
    const journal = await openPushJournal(files, path, ignore);

    for (let n = 0; n < 40; n += 1) await journal.record(`team/${n}`, digest);
    await journal.close();

    expect(files.operations.filter((operation) => operation.startsWith("append"))).toHaveLength(2);
  });

  it("is gone after a push that went through, but for what it keeps about referrers", async () => {
    const files = createMemoryFileSystem();
    const journal = await openPushJournal(files, path, ignore);
    await journal.record("team/one", digest);

    await journal.finish([{ target: "h/team/one:1", referrers: [digest] }]);
    const again = await openPushJournal(files, path, ignore);

    expect(again.has("team/one", digest)).toBe(false);
    expect(again.isComplete("h/team/one:1", [digest])).toBe(true);
    expect(again.isComplete("h/team/one:1", [])).toBe(false);
    await again.finish([]);
    expect(await files.exists(path)).toBe(false);
  });

  it("goes on without records when it cannot be written, and says so once", async () => {
    const problems: string[] = [];
    const files = { ...createMemoryFileSystem(), append: () => Promise.reject(new Error("no space left")) };
    const journal = await openPushJournal(files, path, (problem) => problems.push(problem));

    await journal.record("team/one", digest);
    await journal.record("team/two", digest);
    await journal.close();

    expect(problems).toEqual(["no space left"]);
  });

  it("is another one for other images or another target", () => {
    const images = [
      { target: "h/a:1", digest },
      { target: "h/b:1", digest },
    ];

    expect(journalPath("/c", "h", images)).toBe(journalPath("/c", "h", images.toReversed()));
    expect(journalPath("/c", "h", images)).not.toBe(journalPath("/c", "other", images));
    expect(journalPath("/c", "h", images)).not.toBe(journalPath("/c", "h", images.slice(1)));
  });
});
