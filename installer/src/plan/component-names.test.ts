import { describe, expect, it, test } from "vitest";
import type { ComponentDefinition } from "./define.ts";
import { componentWords, describeWays, sectionOfComponent, withoutOptions } from "./component-names.ts";

const madeUp: readonly ComponentDefinition[] = [
  { id: "notes", section: { key: "noteBook", aliases: ["pad"], leastMemory: 1 }, build: () => ({}) },
  { id: "stores", build: () => ({}) },
];

describe("the section that is meant by a component's name", () => {
  test.each([
    ["redis", "redis"],
    ["valkey", "redis"],
    ["minio", "objectStore"],
    ["object-store", "objectStore"],
    ["objectStore", "objectStore"],
    ["gitlabShell", "gitlabShell"],
    ["temporal-ui", "temporalUi"],
  ])("%s is %s", (name, section) => {
    expect(sectionOfComponent(name)).toBe(section);
  });

  it("is found by everything a definition declares", () => {
    const sections = ["notes", "note-book", "noteBook", "pad"].map((name) => sectionOfComponent(name, madeUp));

    expect(new Set(sections)).toEqual(new Set(["noteBook"]));
    expect(() => sectionOfComponent("stores", madeUp)).toThrow('there is no component "stores"');
  });

  it("is not guessed: a near name is proposed, else all are named", () => {
    expect(() => sectionOfComponent("postgre")).toThrow(expect.objectContaining({ hint: "did you mean postgres?" }));
    expect(() => sectionOfComponent("zookeeper", madeUp)).toThrow(
      expect.objectContaining({ hint: "components are notes, note-book, pad" }),
    );
  });
});

describe("leaving components out", () => {
  it("is proposed only where the platform works without all of them", () => {
    expect(withoutOptions(["casdoor", "gitlab-shell"])).toBe("--without casdoor --without gitlab-shell");
    expect(withoutOptions(["casdoor", "postgres"])).toBeUndefined();
  });

  it("is one way among others in a hint", () => {
    expect(describeWays(["build it", "pull it"], ["casdoor"])).toBe(
      "build it, pull it, or leave the component out: --without casdoor",
    );
    expect(describeWays(["build it", "pull it"], ["gateway"])).toBe("build it, or pull it");
    expect(describeWays(["build it"], ["gateway"])).toBe("build it");
  });

  it("is completed with every name of what may be off", () => {
    const { all, optional } = componentWords();

    expect(all).toEqual(expect.arrayContaining(["postgres", "gateway", "casdoor"]));
    expect(all).not.toContain("hub-stores");
    expect(optional).toEqual(
      expect.arrayContaining(["casdoor", "gitlab-shell", "landing-page", "temporal-ui", "notifier", "csghub-notifier"]),
    );
    expect(optional).not.toContain("postgres");
  });
});
