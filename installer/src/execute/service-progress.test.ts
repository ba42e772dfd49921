import { expect, test } from "vitest";
import { followServices } from "./service-progress.ts";

/** Whether a promise is kept by now. */
async function isKept(promise: Promise<void>): Promise<boolean> {
  let kept = false;
  void promise.then(() => {
    kept = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return kept;
}

test("one that has begun need not serve yet", async () => {
  const services = followServices(["store", "cache"]);
  services.begun("store");

  expect(await isKept(services.whenBegun(["store"]))).toBe(true);
  expect(await isKept(services.whenServing(["store"]))).toBe(false);
  expect(services.areServing(["store"])).toBe(false);
});

test("one that serves has begun, and all are waited for", async () => {
  const services = followServices(["store", "cache"]);
  services.serves("store");
  const both = services.whenServing(["store", "cache"]);

  expect(await isKept(services.whenBegun(["store"]))).toBe(true);
  expect(services.areServing(["store"])).toBe(true);
  expect(await isKept(both)).toBe(false);
  services.serves("cache");
  expect(await isKept(both)).toBe(true);
});

test("what is not followed, because it is elsewhere, is waited for by nobody", async () => {
  const services = followServices([]);

  expect(services.areServing(["store"])).toBe(true);
  expect(await isKept(services.whenBegun(["store"]))).toBe(true);
});
