import { isOlder } from "../../language/compare-versions.ts";
import type { FoundInstallation } from "./found.ts";
import { programOf, splitImage, type VendorProgram, vendorPrograms, versionOfTag } from "./vendor-programs.ts";

/**
 * `same`: nothing to do. `moves`: the data is copied, and versions do not matter for that. `steps`: versions between have to run first, in the old
 * installation. `refused`: no way is known. `unknown`: the files do not say which version runs. `absent`: this program has none of it.
 */
export type VersionVerdict = "same" | "moves" | "steps" | "refused" | "unknown" | "absent";

export interface JudgedProgram {
  readonly title: string;
  /** The version that runs; absent where the files do not say it. */
  readonly found?: string;
  readonly image: string;
  /** The version that this program brings; absent where it has no such component. */
  readonly ours?: string;
  readonly verdict: VersionVerdict;
  /** Versions that have to run before, in this order. */
  readonly steps: readonly string[];
  readonly advice: string;
}

/** Which version of each component this program brings, by the component's id. */
export type OurVersions = ReadonlyMap<string, string>;

/** Each program of the installation once, in the order of the table, and what lies between its version and ours. */
export function judgeVersions(found: FoundInstallation, ours: OurVersions): readonly JudgedProgram[] {
  return vendorPrograms.flatMap((program) => {
    const images = imagesOf(program, found);
    return images.map((image) => judge(program, image, ours.get(program.component)));
  });
}

/** Images of programs for which there is no component here. */
export function strangeImages({ workloads }: FoundInstallation): readonly string[] {
  return [...new Set(workloads.flatMap(({ image }) => (programOf(image) === undefined ? [image] : [])))].sort();
}

function imagesOf(program: VendorProgram, { workloads }: FoundInstallation): readonly string[] {
  return [...new Set(workloads.flatMap(({ image }) => (programOf(image) === program ? [image] : [])))];
}

function judge(program: VendorProgram, image: string, ours: string | undefined): JudgedProgram {
  const version = versionOfTag(splitImage(image).tag);
  const head = {
    title: program.title,
    image,
    ...(version === undefined ? {} : { found: version }),
    ...(ours === undefined ? {} : { ours }),
  };
  if (ours === undefined) {
    return {
      ...head,
      verdict: "absent",
      steps: [],
      advice: "no component here does its work: what it keeps stays behind",
    };
  }
  if (version === undefined) {
    const advice = "the image's tag says no version: ask the running program, and compare by hand";
    return { ...head, verdict: "unknown", steps: [], advice };
  }
  return { ...head, ...compare(program, version, ours) };
}

type Comparison = Pick<JudgedProgram, "verdict" | "steps" | "advice">;

function compare(program: VendorProgram, version: string, ours: string): Comparison {
  if (version === ours) return { verdict: "same", steps: [], advice: "the same version" };
  switch (program.stepping) {
    case "any":
      return compareAny(program, version, ours);
    case "each-minor":
      return compareMinors(version, ours);
    case "same-major":
      return compareMajor(version, ours);
    case "vendor-releases":
      return compareReleases(version, ours);
  }
}

function compareAny({ move }: VendorProgram, version: string, ours: string): Comparison {
  if (move === undefined) return { verdict: "moves", steps: [], advice: "it keeps nothing of its own that would move" };
  if (move === "empty") return { verdict: "moves", steps: [], advice: "it begins empty" };
  if (move === "objects") return { verdict: "moves", steps: [], advice: "objects are copied through the API of both" };
  if (move === "dump") {
    const advice = `its data directory is never handed over: a dump of each database is read in by version ${ours}`;
    return { verdict: "moves", steps: [], advice };
  }
  const older = isOlder(ours, version);
  const advice = older
    ? `files are copied, to an older version than the one that wrote them: check every one after that`
    : "files are copied while nothing writes";
  return { verdict: "moves", steps: [], advice };
}

/** The first two numbers of a version. */
function minorOf(version: string): readonly [major: number, minor: number] {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return [major, minor];
}

function compareMinors(version: string, ours: string): Comparison {
  const [major, minor] = minorOf(version);
  const [ourMajor, ourMinor] = minorOf(ours);
  if (major !== ourMajor) return refused(`between ${version} and ${ours} lies a major version`);
  if (minor > ourMinor) return refused(`${version} is newer than ${ours}, and its databases do not go back`);
  const steps = Array.from({ length: ourMinor - minor }, (_, index) => `${major}.${minor + 1 + index}`);
  const between = steps.slice(0, -1);
  if (between.length === 0) {
    return {
      verdict: "moves",
      steps: [],
      advice: "the next minor version: its databases are brought up at the first start",
    };
  }
  const advice =
    "each minor version runs once in the old installation, schema first; or its databases begin empty, and work under way is lost";
  return { verdict: "steps", steps: between, advice };
}

function compareMajor(version: string, ours: string): Comparison {
  const [major] = minorOf(version);
  const [ourMajor] = minorOf(ours);
  if (major === ourMajor && !isOlder(ours, version)) {
    return { verdict: "moves", steps: [], advice: "its database is read in, and brought up at the first start" };
  }
  if (major > ourMajor || major === ourMajor)
    return refused(`${version} is newer than ${ours}, and its database does not go back`);
  return refused(
    `no way from ${major}.x to ${ourMajor}.x is known but the vendor's own releases: bring the old installation up to one that has ${ourMajor}.x first`,
  );
}

function compareReleases(version: string, ours: string): Comparison {
  // What stands behind the numbers is the edition, which does not come before anything.
  if (!isOlder(version, ours) && !isOlder(ours, version))
    return { verdict: "same", steps: [], advice: "the same release" };
  if (isOlder(ours, version)) return refused(`${version} is newer than ${ours}, and its database does not go back`);
  const [major, minor] = minorOf(version);
  const [ourMajor, ourMinor] = minorOf(ours);
  if (major === ourMajor && minor === ourMinor) {
    return { verdict: "moves", steps: [], advice: "its migrations bring the database up at the first start" };
  }
  const advice = "the vendor's releases come one after another: bring the old installation up to this one first";
  return { verdict: "steps", steps: [ours], advice };
}

function refused(why: string): Comparison {
  return { verdict: "refused", steps: [], advice: why };
}
