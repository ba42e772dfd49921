import { expect, it } from "vitest";
import { profilePlan } from "../../../test/support/infra-plan.ts";
import { movedAddresses } from "./moved.ts";

const plan = (domain: string, ...sets: readonly string[]) => profilePlan("standard", [`domain=${domain}`, ...sets]);

it("another domain moves pages, sign-in, links to files and Git over SSH", () => {
  const moved = movedAddresses(plan("old.example.org"), plan("new.example.org"));

  expect(moved).toEqual(
    expect.arrayContaining([
      { from: "https://old.example.org", to: "https://new.example.org" },
      { from: "https://casdoor.old.example.org", to: "https://casdoor.new.example.org" },
      { from: "https://s3.old.example.org", to: "https://s3.new.example.org" },
      { from: "ssh://git@old.example.org:2222", to: "ssh://git@new.example.org:2222" },
    ]),
  );
  expect(moved.filter(({ from, to }) => from === to || !from.includes("old.example.org"))).toEqual([]);
});

it("so do another port and TLS, and nothing moves where nothing of that changes", () => {
  const before = plan("ai.example.org");

  expect(movedAddresses(before, plan("ai.example.org", "ports.ssh=2223"))).toEqual([
    { from: "ssh://git@ai.example.org:2222", to: "ssh://git@ai.example.org:2223" },
  ]);
  expect(movedAddresses(before, plan("ai.example.org", "tls.mode=off"))).toContainEqual({
    from: "https://ai.example.org",
    to: "http://ai.example.org",
  });
  expect(movedAddresses(before, plan("ai.example.org", "redis.resources.memory=1Gi"))).toEqual([]);
  expect(movedAddresses(undefined, before)).toEqual([]);
});
