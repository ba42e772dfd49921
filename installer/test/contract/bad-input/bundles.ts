import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const open = "open-bundle";
const verify = "bundle-verify";
const script = "install-script";
const push = "push";
const load = "bundle-load";
const create = "bundle-create";
const fits = "check-bundle";
const disk = "bad-disk";

const untouched = "nothing was written: it is found when the bundle is opened";
const copyAgain = "with a good copy";
const refusedTar = "a tar that is not a bundle";

/** Bundles that are damaged, forged or not the right ones. */
export const bundleRows: readonly BadInput[] = [
  {
    fault: "a name under which there is no bundle",
    says: "… does not exist",
    code: "PREFLIGHT_FAILED",
    state: "nothing was written, and nothing was asked about keys",
    again: "with the right name",
    proofs: proofs(verify, "a bundle that is not there is told before anything about keys"),
  },
  {
    fault: "one bit flipped in the root document or its signature",
    says: "… is not what the key … signed: it was changed, or the signature was",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: [
      ...proofs(open, ["in %s", "the root document"], "anywhere in the signature"),
      ...proofs(script, "refuses a root document that was changed after it was signed"),
    ],
  },
  {
    fault: "one bit flipped in checksums.txt, the index or a file",
    says: "… is damaged: it has the digest …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(open, ["in %s", "the checksums"], ["in %s", "the index"], ["in %s", "a file"]),
  },
  {
    fault: "one bit flipped in a header, in what fills blocks, or in the mark of the end",
    says: "… is not a bundle, or a damaged one: … (at byte …)",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(open, "in every header, padding and end mark"),
  },
  {
    fault: "one bit flipped in a blob",
    says: "… has the digest …: … is damaged",
    code: "BUNDLE_INVALID",
    state: "the images that need the blob get no tag and no name; the others are whole",
    again: "with a good copy; what arrived is not sent again",
    proofs: [
      ...proofs(open, "in a blob, naming blob, image and file"),
      ...proofs(verify, "names each damaged entry, whose it is and where it lies"),
      ...proofs(push, "with a flipped bit fails the image it hits, names it, and tags no incomplete image"),
      ...proofs(load, "names a damaged blob, and gives its image no name"),
      ...proofs(script, "is refused with one flipped bit in the executable"),
    ],
  },
  {
    fault: "cut short, at any of many places",
    says: "… is not a bundle: … it ends inside …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: [
      ...proofs(open, "a bundle that ends too early is refused wherever it ends"),
      ...proofs(push, "cut short is refused before a request"),
      ...proofs(script, "is refused when it ends too early"),
    ],
  },
  {
    fault: "a path that leads out of it, absolute, with a dot or with control characters",
    says: "… is not a plain relative path",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(open, ["%s", "a path out of it"], ["%s", "an absolute path"], ["%s", "a path with a line end"]),
  },
  {
    fault: "links, devices, named pipes, directories",
    says: "… is a …, and only plain files may be in it",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(
      open,
      ["%s", "a hard link"],
      ["%s", "a symbolic link"],
      ["%s", "a block device"],
      ["%s", "a named pipe"],
    ),
  },
  {
    fault: "an entry twice",
    says: "… is in it twice",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(open, "an entry twice"),
  },
  {
    fault: "an entry that says it is larger than the file",
    says: "it ends inside …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(open, "an entry larger than the file"),
  },
  {
    fault: "huge headers, chains of headers, sizes out of bounds",
    says: "a tar entry has a header of … bytes, more than is allowed",
    code: "BUNDLE_INVALID",
    state: "nothing was written, and the header was not read into memory",
    again: copyAgain,
    proofs: [
      ...proofs(open, "a huge header"),
      ...proofs(
        "tar-header",
        "refuses a header longer than is allowed, before it is read",
        "refuses a chain of headers about one entry",
        "refuses sizes that are not numbers or cannot be counted",
      ),
    ],
  },
  {
    fault: "entries that nothing lists, that lack, or that changed places",
    says: "… has … in it, which … does not list",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: proofs(
      open,
      "an extra file that nothing lists",
      "one that lacks a file",
      "one whose entries changed places",
    ),
  },
  {
    fault: `a file that is something else: ${refusedTar}, a web page, nothing`,
    says: "… is not a bundle: …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: [...proofs(open, ["%s", "a web page"]), ...proofs(script, "is refused when it is something else")],
  },
  {
    fault: "the root document edited after it was signed",
    says: "… is not what the key … signed: it was changed, or the signature was",
    code: "BUNDLE_INVALID",
    state: "nothing was written, also with --allow-unsigned",
    again: copyAgain,
    proofs: proofs(open, "one whose root document was changed, even when unsigned ones are allowed"),
  },
  {
    fault: "signed by a key that is not trusted",
    says: "… which is not trusted",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: "with the right key given by --key",
    proofs: [
      ...proofs(open, "one signed by another key"),
      ...proofs("minisign", "a key with the identifier of another does not stand in for it"),
      ...proofs(
        push,
        "is refused before a request when it is not signed by a trusted key, and taken when that is allowed",
      ),
      ...proofs(script, "refuses another's key"),
    ],
  },
  {
    fault: "not signed",
    says: "… is not signed: nobody vouches for what is in it",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: "with --allow-unsigned, which says so",
    proofs: [
      ...proofs(open, "one that is not signed, unless that was said not to matter"),
      ...proofs(load, "takes an unsigned bundle when that is asked for"),
      ...proofs(script, "is refused unsigned, and taken with the explicit word"),
    ],
  },
  {
    fault: "an older bundle over a newer platform",
    says: "… is version …, older than the … that is installed",
    code: "BUNDLE_INVALID",
    state: "the platform goes on as it was",
    again: "with a bundle of this version or later",
    proofs: proofs(fits, ["is refused when it %s", "is older than what runs"]),
  },
  {
    fault: "a version that must come before was left out",
    says: "… updates … to …, and … is installed",
    code: "BUNDLE_INVALID",
    state: "the platform goes on as it was",
    again: "after the update that the hint names",
    proofs: proofs(
      fits,
      ["is refused when it %s", "skips a version that must come before"],
      "is refused with the version to go to first",
    ),
  },
  {
    fault: "for another platform",
    says: "… is for …, and the engine is …",
    code: "BUNDLE_INVALID",
    state: "the engine was given nothing",
    again: "with the bundle for this platform",
    proofs: [
      ...proofs(fits, ["is refused when it %s", "is for another platform"]),
      ...proofs(load, "refuses a bundle for another platform before the engine is given anything"),
      ...proofs(create, "is refused for a platform that it has not"),
      ...proofs(script, "of a processor that is not in the bundle, or not known, is told so"),
    ],
  },
  {
    fault: "a part missing or cut short",
    says: "… cannot be read: … is missing …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: "with the part, also from another folder; with parity after bundle repair",
    proofs: [
      ...proofs(open, "names each part that is missing or too short"),
      ...proofs(script, "with a part missing, cut short or damaged is refused, the part named"),
      ...proofs(
        "bundle-repair",
        "a bundle that lost a part and of which one is damaged is whole again with what was rebuilt",
      ),
    ],
  },
  {
    fault: "parts that changed places",
    says: "… has the contents of …: parts were swapped",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: "with the parts under their own names",
    proofs: proofs(open, "names the parts that changed places"),
  },
  {
    fault: "a damaged part",
    says: "… is damaged …",
    code: "BUNDLE_INVALID",
    state: "nothing incomplete has a tag or a name",
    again: "with a good copy of the part, or after bundle repair",
    proofs: [
      ...proofs(
        open,
        "names the part that is damaged where the bundle cannot be read",
        "names the part in which a damaged blob lies",
      ),
      ...proofs(verify, "names the damaged parts of a split bundle"),
    ],
  },
  {
    fault: "more parts lost than there is parity",
    says: "… is missing …",
    code: "BUNDLE_INVALID",
    state: "nothing was written; the parts are as they were",
    again: "with one part more",
    proofs: proofs(
      "parity",
      "when more is lost than parity makes up for, everything lost is named and nothing is written",
      "a header with wrong digests does not lead to wrong parts",
    ),
  },
  {
    fault: "the header of a split bundle changed, or naming files elsewhere",
    says: "… is a part of a bundle, and its header … is not there",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: copyAgain,
    proofs: [
      ...proofs(
        open,
        "is refused without its header, or with one that is none",
        "is refused when its header is signed and was changed",
      ),
      ...proofs(script, "whose header names a part outside its folders is refused"),
    ],
  },
  {
    fault: "a delta on another base",
    says: "… builds on … and … is …",
    code: "BUNDLE_INVALID",
    state: untouched,
    again: "with the base that is named",
    proofs: [
      ...proofs(open, "is refused on another base, naming both"),
      ...proofs(create, "is refused on another base, and alone"),
    ],
  },
  {
    fault: "a delta without its base",
    says: "…, which is a delta: it is in …, name that bundle too",
    code: "BUNDLE_INVALID",
    state: "the engine or registry was given nothing",
    again: "with --base",
    proofs: [
      ...proofs(open, "can be looked into without its base, and names it when a blob is asked for"),
      ...proofs(load, "refuses a delta alone before the engine is given anything, and names the base"),
      ...proofs(script, "that is a delta without the executable sends to its base"),
    ],
  },
  {
    fault: "a damaged manifest or layer in what a push takes images from",
    says: "… of the image … has the digest …",
    code: "BUNDLE_INVALID",
    state:
      "the images that need it are named and have no tag, the others are there; a Harbor project made for them alone is removed",
    again: "with a copy that is whole",
    proofs: [
      ...proofs("push-damaged", "names the image whose manifest it is, and the others go through: %s"),
      ...proofs("push-damaged", "names every image that needs a damaged layer"),
      ...proofs("push-damaged", "goes on with a whole copy, and leaves nothing in the cache folder then"),
      ...proofs("push-to-harbor", "leaves no empty project behind: %s"),
    ],
  },
  {
    fault: "a damaged source of a new bundle: a flipped bit, a blob cut short or missing",
    says: "… has the digest …",
    code: "BUNDLE_INVALID",
    state: "no bundle stands under its name",
    again: "goes on with what was written",
    proofs: proofs(
      create,
      ["%s is named with its image, and no bundle is left under its name", "a flipped bit"],
      "a blob that is missing is named",
      "a manifest with other bytes than its digest says",
    ),
  },
  {
    fault:
      "a source whose manifest names other layers than the configuration of the image, as first builds of Docker 25 saved it",
    says: "… names …, and its configuration has …: the image is not whole",
    code: "BUNDLE_INVALID",
    state: "nothing was written or sent; where manifest.json of the archive names them all, the image is taken by it",
    again: "with the image saved by another version",
    proofs: [
      ...proofs(
        "foreign-layers",
        "is passed over where manifest.json of the archive names them all",
        "is refused where that is wrong too (dry run: %s)",
        "is refused in a layout, which has no manifest.json",
      ),
      ...proofs("push-foreign", "fails by name, in a dry run too, and nothing of it is sent"),
      ...proofs(verify, "names an image whose manifest has other layers than its configuration, on each platform"),
    ],
  },
  {
    fault: "a source with only a part of an image, as after a pull of one platform",
    says: "… does not have …, … of the image … for …",
    code: "BUNDLE_INVALID",
    state: "nothing of the image was written or sent",
    again: "with --platform for what is there, or the image whole",
    proofs: [
      ...proofs(
        "foreign-sources",
        "a platform, with the platforms that are there (dry run: %s)",
        "a layer (dry run: %s)",
      ),
      ...proofs(
        "push-foreign",
        "fails before anything of it is sent, with the platform that is missing and a way out",
        "fails before anything of it is sent where a layer is missing",
      ),
    ],
  },
  {
    fault: "a signature, an SBOM or something else that refers to an image, with only a part of it there",
    says: "… does not have …, which belongs to what refers to the image …",
    code: "BUNDLE_INVALID",
    state: "nothing of the image was written or sent",
    again: "with the image copied again with all that refers to it, or without",
    proofs: [
      ...proofs(
        "foreign-documents",
        "is refused without %s, in a dry run too, and leaves nothing",
        "is refused where only cosign's tag of it was copied, with the image named",
      ),
      ...proofs("push-foreign", "fails before anything is sent where a part of what refers to the image is missing"),
    ],
  },
  {
    fault: "a chart, an SBOM or another document under the name of an image of the platform",
    says: "… is no image that an engine could run",
    code: "PREFLIGHT_FAILED",
    state: "nothing was written; by a name that a person gives it is carried",
    again: "with another source",
    proofs: proofs(
      "foreign-documents",
      "what stands under the name of an image of the platform and is none is refused",
      "%s, whatever the platforms",
    ),
  },
  {
    fault: "a name given with --as that another image of the layout or archive has",
    says: "--as … gives … the name …, which … has already",
    code: "USAGE",
    state: "nothing was written or sent",
    again: "with another name",
    proofs: proofs("image-names", "is refused where another image has it"),
  },
  {
    fault: "a layout or archive whose images have a tag alone, or no name",
    says: "… say what they are with --as NAME, which makes …",
    code: "USAGE",
    state: "nothing was written or sent; bundle create and images lock end with 4",
    again: "with --as",
    proofs: [
      ...proofs(
        "push-foreign",
        "is refused with what to write, and nothing is sent",
        "a layout without names is refused with what to write, and pushed with a name and a tag",
        "and refused without a name for what was saved by id",
      ),
      ...proofs("foreign-sources", ["%s", "a tag alone"], ["%s", "no name"]),
    ],
  },
  {
    fault: "an archive packed by xz or bzip2",
    says: "… is packed by …, which is not unpacked here",
    code: "USAGE",
    state: "nothing was written or sent",
    again: "with the archive unpacked",
    proofs: proofs("file-source", "an archive packed by %s is refused with what unpacks it"),
  },
  {
    fault: "a medium that reports errors while a bundle is read",
    says: "… cannot be … the disk or medium reports an error",
    code: "APPLY_FAILED",
    state: "no incomplete image has a tag",
    again: copyAgain,
    proofs: proofs(
      disk,
      "on reading a bundle: it is refused before a request, and the file is named",
      "on reading one part: verify and push name it, no incomplete image gets a tag, and a good copy finishes",
    ),
  },
];

/** Disks that are too small or fail, and runs that are killed. */
export const diskRows: readonly BadInput[] = [
  {
    fault: "too little room for a bundle, whole or flattened",
    says: "… needs … bytes, and … are free there; nothing was written",
    code: "PREFLIGHT_FAILED",
    state: "nothing was written",
    again: "with room",
    proofs: proofs(
      disk,
      "for a bundle is refused with the bytes that lack, and nothing is written",
      "for a flattened bundle is refused, and nothing is written",
    ),
  },
  {
    fault: "too little room for layers in the cache before a push",
    says: "… has … bytes free, and the layers of … need … there before they can be pushed",
    code: "PREFLIGHT_FAILED",
    state: "no layer was taken",
    again: "with room",
    proofs: proofs(disk, "for layers that are taken into the cache before a push is refused before one is taken"),
  },
  {
    fault: "too little room on the engine's disk",
    says: "the images need … in …, and … are free there",
    code: "PREFLIGHT_FAILED",
    state: "nothing was sent",
    again: "with room",
    proofs: proofs("load-images", "says how much space is lacking before anything is sent"),
  },
  {
    fault: "the disk is filled by others while a bundle is written",
    says: "… cannot be … the disk is full",
    code: "APPLY_FAILED",
    state: "no bundle stands under its name; what was written is kept beside it",
    again: "goes on with what was written",
    proofs: proofs(
      disk,
      ["a bundle from an %s: what is full is named, and with room the same command goes on", "oci layout"],
      ["a bundle from an %s: what is full is named, and with room the same command goes on", "registry"],
    ),
  },
  {
    fault: "the cache's disk is filled by others before a push",
    says: "… cannot be … the disk is full",
    code: "APPLY_FAILED",
    state: "nothing half stays in the cache; nothing was pushed",
    again: "goes on with what is there",
    proofs: proofs(disk, "the cache before a push: nothing half stays, and with room it goes on with what is there"),
  },
  {
    fault: "the disk reports an error when a bundle is written to its end",
    says: "… cannot be … the disk or medium reports an error",
    code: "APPLY_FAILED",
    state: "no bundle stands under its name",
    again: "writes all of it again: what the disk lost still reads as if it were there",
    proofs: [
      ...proofs(
        disk,
        "on writing: no bundle stands under its name, and what the disk lost is written again by the next run",
      ),
      ...proofs(
        "sink",
        "get no name after a flush on the way that failed, and count as lost",
        "count as lost also when something else ends the run after such a flush",
      ),
    ],
  },
  {
    fault: "the journal of a push cannot be written",
    state: "the push goes through without records, and says so once",
    again: "asks the registry for what is there",
    proofs: proofs("push-journal", "goes on without records when it cannot be written, and says so once"),
  },
  {
    fault: "kill -9 while a bundle is made",
    state: "no bundle stands under its name",
    again: "goes on, and ends with the same bytes",
    proofs: [
      ...proofs(
        "bundle-kill",
        "bundle create that is killed leaves no bundle, and the same command goes on to the same bytes",
      ),
      ...proofs(create, "writes again what is damaged in the unfinished file"),
    ],
  },
  {
    fault: "kill -9 at 10, 50 and 90 % of a push",
    state: "no incomplete image has a tag",
    again: "goes on; at most one blob a connection is sent again",
    proofs: [
      ...proofs(push, "by kill -9 at %d percent sends at most one blob per connection again"),
      ...proofs("push-distribution", "finishes after kill -9, with at most one blob per connection sent again"),
    ],
  },
  {
    fault: "two runs write the same bundle",
    says: "… process …",
    code: "LOCKED",
    state: "the first goes on; the second wrote nothing",
    again: "after the first",
    proofs: proofs(create, "the second is told who writes the bundle, and leaves nothing"),
  },
];
