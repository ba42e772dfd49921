import { describe, expect, it } from "vitest";
import { namesOf } from "./image-names.ts";

const ref = "org.opencontainers.image.ref.name";
const containerd = "io.containerd.image.name";
const base = "org.opencontainers.image.base.name";
const app = "docker.io/corp/app:1.27";

describe("what an entry of a layout is called", () => {
  it.each([
    ["a tag alone", { [ref]: "1.27" }, [], "1.27"],
    ["a word, which is a tag too", { [ref]: "latest" }, [], "latest"],
    ["a tag, with the whole name beside it", { [ref]: "1.27", [containerd]: app }, [app], "1.27"],
    ["a whole reference", { [ref]: "corp/app:1.27" }, [app], undefined],
    ["a name without a path", { [ref]: "app:1.27" }, ["docker.io/library/app:1.27"], undefined],
    ["two names", { [ref]: "corp/other:1", [containerd]: app }, [app, "docker.io/corp/other:1"], undefined],
    ["Zarf's name", { [base]: app }, [app], undefined],
    ["a tag, and the image it was built on", { [ref]: "1.27", [base]: "docker.io/library/debian:13" }, [], "1.27"],
    ["a digest", { [ref]: `sha256:${"a".repeat(64)}` }, [], undefined],
    ["no name", { [ref]: "<none>:<none>" }, [], undefined],
    ["nothing", {}, [], undefined],
  ])("%s", (_, annotations, references, tag) => {
    expect(namesOf(annotations)).toEqual({ references, ...(tag !== undefined && { tag }) });
  });
});
