import { describe, expect, it } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import { shareLooks } from "./shared-look.ts";

describe("looks that are shared", () => {
  it("are made one at a time, however many ask", async () => {
    const open = Promise.withResolvers<undefined>();
    let begun = 0;
    const look = shareLooks(() => open.promise.then(() => (begun += 1)), createStillClock(), 0);
    const all = [look(), look(), look()];

    open.resolve(undefined);

    await expect(Promise.all(all)).resolves.toEqual([1, 1, 1]);
    await expect(look()).resolves.toBe(2);
  });

  it("are given again while they are fresh, and made anew after", async () => {
    const clock = createStillClock();
    let begun = 0;
    const look = shareLooks(() => Promise.resolve((begun += 1)), clock, 5000);

    const seen = [await look(), await look()];
    clock.advance(4999);
    seen.push(await look());
    clock.advance(1);
    seen.push(await look());

    expect(seen).toEqual([1, 1, 1, 2]);
  });

  it("are begun again after one that failed, which everybody who waited is told of", async () => {
    let begun = 0;
    const look = shareLooks(
      () => ((begun += 1) === 1 ? Promise.reject(new Error("no")) : Promise.resolve(begun)),
      createStillClock(),
      5000,
    );

    const failed = await Promise.allSettled([look(), look()]);

    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(look()).resolves.toBe(2);
  });
});
