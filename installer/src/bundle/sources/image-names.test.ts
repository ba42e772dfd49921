import { describe, expect, it } from "vitest";
import { nameImages, namesOf } from "./image-names.ts";

const ref = "org.opencontainers.image.ref.name";
const containerd = "io.containerd.image.name";
const base = "org.opencontainers.image.base.name";
const app = "docker.io/corp/app:1.27";
const digest = `sha256:${"a".repeat(64)}`;

describe("what an entry of a layout is called", () => {
  it.each([
    ["a tag alone", { [ref]: "1.27" }, [], "1.27"],
    ["a word, which is a tag too", { [ref]: "latest" }, [], "latest"],
    ["a tag, with the whole name beside it", { [ref]: "1.27", [containerd]: app }, [app], "1.27"],
    ["a whole reference", { [ref]: "corp/app:1.27" }, [app], undefined],
    ["a name without a path", { [ref]: "app:1.27" }, ["docker.io/library/app:1.27"], undefined],
    ["two names", { [ref]: "corp/other:1", [containerd]: app }, [app, "docker.io/corp/other:1"], undefined],
    [
      "a name without a tag, which means the usual one",
      { [ref]: "corp/app" },
      ["docker.io/corp/app:latest"],
      undefined,
    ],
    ["a name with a digest alone", { [ref]: `corp/app@${digest}` }, [`docker.io/corp/app@${digest}`], undefined],
    ["a name with a port", { [ref]: "harbor:5000/app:1" }, ["harbor:5000/app:1"], undefined],
    ["a name in capitals, which no registry takes", { [ref]: "Corp/App:1" }, [], undefined],
    ["Zarf's name", { [base]: app }, [app], undefined],
    ["a tag, and the image it was built on", { [ref]: "1.27", [base]: "docker.io/library/debian:13" }, [], "1.27"],
    ["a digest", { [ref]: digest }, [], undefined],
    ["no name", { [ref]: "<none>:<none>" }, [], undefined],
    ["nothing", {}, [], undefined],
  ])("%s", (_, annotations, references, tag) => {
    expect(namesOf(annotations)).toEqual({ references, ...(tag !== undefined && { tag }) });
  });
});

describe("a name given to what has none", () => {
  const nameless = { digest, references: [] };
  const other = { digest: `sha256:${"b".repeat(64)}`, references: [app] };
  const given = { host: "docker.io", repository: "corp/app", tag: "1.27" };

  it("is refused where another image has it", () => {
    expect(() => nameImages([nameless, other], given, "l")).toThrow(`${app}, which ${other.digest} in l has already`);
  });

  it("may be that of the same image, entered twice", () => {
    const same = { ...other, digest };

    expect(nameImages([nameless, same], given, "l")).toEqual([same, same]);
  });

  it("is refused where it could be any, with a way that can be gone", () => {
    const another = { digest: other.digest, references: [] };
    const tagged = [
      { ...nameless, tag: "1" },
      { ...another, tag: "2" },
    ];
    const hint = (text: string) => ({ hint: expect.stringContaining(text) as string });

    expect(() => nameImages([nameless, another], given, "l")).toThrow(
      expect.objectContaining(hint("a layout or an archive of its own")) as Error,
    );
    expect(() => nameImages(tagged, given, "l")).toThrow(expect.objectContaining(hint("without a tag")) as Error);
  });
});
