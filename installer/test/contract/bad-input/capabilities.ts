import { type Proof, proofs } from "../proof.ts";

/** What bundles and pushes promise, and what shows it. */
export interface Capability {
  readonly promise: string;
  readonly proofs: readonly Proof[];
  /** What of it could not be tried here. */
  readonly untried?: string;
}

const push = "push";
const create = "bundle-create";
const tools = "bundle-tools";
const open = "open-bundle";
const disk = "bad-disk";
const harbor = "harbor/";
const offline = "offline-install";

export const capabilities: readonly Capability[] = [
  {
    promise: "each unique blob is uploaded once, mounted elsewhere; a push of what is there is one request an image",
    proofs: proofs(
      push,
      "sends every unique byte once, and brings every image there whole",
      "asks for no blob, and mounts the shared one",
      "is one request per image and sends nothing",
      "sends only the new layers of an image that changed",
    ),
  },
  {
    promise: "a bundle on a read-only medium is pushed, verified and loaded with no room anywhere else",
    proofs: [
      ...proofs(disk, "is pushed, verified and loaded while the disk for temporary files is full"),
      ...proofs(push, "is pushed by range reads, also read-only, and nothing is written for it"),
    ],
  },
  {
    promise: "the layout is read by the tools of others",
    proofs: [
      ...proofs("serve-registry", "skopeo: one image, and a whole index with its digest"),
      ...proofs("serve-registry", "docker pull, by digest and by tag"),
      { suite: tools, test: "a bundle is read as it is by" },
      { suite: tools, test: "as a source we read what is written by" },
    ],
    untried: "tools that could not be installed are skipped by name",
  },
  {
    promise: "layouts that other tools write are taken with their signatures, SBOMs and what else refers to an image",
    proofs: [
      { suite: "layouts-of-tools", test: "a layout that has tags and no names is read as it was written by" },
      { suite: "push-foreign", test: "what refers to an image goes with it from a layout of" },
      { suite: "cosign-save", test: "what cosign save writes beside an image" },
    ],
    untried: "regctl and cosign themselves: their layouts are made by hand after what they were seen to write",
  },
  {
    promise:
      "a delta has the new blobs; a chain flattens to the full bundle; a moved tag is picked up; a wrong base is refused",
    proofs: proofs(
      create,
      "carries the new blobs and little more",
      "chains, and flattens to exactly the full bundle with its signature",
      "fits a base that was flattened, and picks up a tag that was moved",
      "is refused on another base, and alone",
    ),
  },
  {
    promise: "build and push go on after kill -9",
    proofs: [
      ...proofs(
        "bundle-kill",
        "bundle create that is killed leaves no bundle, and the same command goes on to the same bytes",
      ),
      ...proofs(push, "by kill -9 at %d percent sends at most one blob per connection again"),
      ...proofs("registry/", "goes on where it was, and is not sent twice"),
    ],
  },
  {
    promise: "parts are read in any order from several folders; each damaged one is named; parity rebuilds",
    proofs: [
      ...proofs(open, "is read from several folders", "names each part that is missing or too short"),
      ...proofs("parity", "missing, damaged and short parts are rebuilt elsewhere, and what was given stays as it is"),
    ],
  },
  {
    promise: "every image that any profile can use is in the lock, with digests, sizes, source and reason",
    proofs: [
      ...proofs("images-lock", "resolves what the source has, with sizes, source, licence and reasons"),
      ...proofs(
        "every-image",
        "is found whichever profile, component or job uses it, with the reasons",
        "names what the lock has no row for, whatever its digest",
      ),
    ],
  },
  {
    promise:
      "trust is needed before any write: unsigned, wrong key, edited root, edited checksum, extra entry are refused",
    proofs: [
      ...proofs(
        open,
        "one that is not signed, unless that was said not to matter",
        "one signed by another key",
        "one whose root document was changed, even when unsigned ones are allowed",
        "an extra file that nothing lists",
      ),
      ...proofs(open, ["in %s", "the checksums"]),
      ...proofs(push, "travels along and stands before the image's tag; the push after it is one request"),
    ],
  },
  {
    promise:
      "an empty Harbor gets a private project, a robot that may pull, rules about tags; quota and mode are checked first",
    proofs: [
      ...proofs(
        harbor,
        "gets its missing project, private",
        "is checked by logical size, before a byte is sent",
        "are about the whole of a project that is new",
        "may pull and nothing else, and its secret is in a file for its owner alone",
      ),
      ...proofs("authorization", "that the registry suddenly refuses are renewed in the middle of an upload"),
    ],
    untried: "a real Harbor in each run: the stand-in was compared with one once",
  },
  {
    promise:
      "an install in a namespace without a way out, from nothing but the bundle; connections elsewhere are refused and listed",
    proofs: proofs(
      offline,
      "begins where there is no way out and no image",
      "ends with every wire green, everything from the bundle, and no connection tried elsewhere",
      "changes nothing the second time, with the bundle and without it",
    ),
    untried: "arm64",
  },
];
