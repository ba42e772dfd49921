import type { Platform } from "./descriptor.ts";

/** Whether content for `offered` runs where `wanted` is asked for. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  return rankOf(offered, wanted) !== undefined;
}

/**
 * The one that containerd would take of what is offered: the nearest variant that the wanted one runs, none above it; of
 * Windows the latest revision; of equals the first. Other architectures that a processor could run too are not taken.
 */
export function choosePlatform<Offer>(
  offers: readonly Offer[],
  platformOf: (offer: Offer) => Platform | undefined,
  wanted: Platform,
): Offer | undefined {
  const ranked = offers.flatMap((offer) => {
    const platform = platformOf(offer);
    const rank = platform === undefined ? undefined : rankOf(platform, wanted);
    return platform === undefined || rank === undefined ? [] : [{ offer, rank, revision: revisionOf(platform) }];
  });
  return ranked.toSorted((a, b) => a.rank - b.rank || b.revision - a.revision)[0]?.offer;
}

/** How many steps below the wanted platform an offered one is; undefined where it does not run. */
function rankOf(offered: Platform, wanted: Platform): number | undefined {
  const [has, asked] = [normalized(offered), normalized(wanted)];
  if (has.os !== asked.os || has.architecture !== asked.architecture) return undefined;
  const steps = ladders[asked.architecture]?.(asked.variant) ?? [asked.variant];
  const rank = steps.indexOf(has.variant);
  return rank < 0 ? undefined : rank;
}

interface Normalized {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

/** Names that machines give themselves, and the variant that is meant where none is written. */
function normalized({ os, architecture, variant = "" }: Platform): Normalized {
  const [name, own] = otherNames[architecture] ?? [architecture, ""];
  const written = variant === "" ? own : /^\d/.test(variant) ? `v${variant}` : variant;
  return { os, architecture: name, variant: written === "" ? (usual[name] ?? "") : written.replace(/\.0$/, "") };
}

const otherNames: Readonly<Record<string, readonly [string, string]>> = {
  x86_64: ["amd64", ""],
  "x86-64": ["amd64", ""],
  aarch64: ["arm64", ""],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
  i386: ["386", ""],
};

const usual: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8", arm: "v7" };

/** The variants that each runs, nearest first. */
const ladders: Readonly<Record<string, (variant: string) => readonly string[]>> = {
  amd64: (variant) => downTo(variant, 1),
  arm: (variant) => downTo(variant, 5),
  arm64: (variant) => {
    const [, major, minor = "0"] = /^v([89])(?:\.(\d))?$/.exec(variant) ?? [];
    if (major === undefined) return [variant];
    const of = (generation: string, most: number): readonly string[] =>
      countDown(most, 0).map((step) => (step === 0 ? `v${generation}` : `v${generation}.${step}`));
    // Armv9.0 has what Armv8.5 has, and so on.
    return major === "8" ? of("8", Number(minor)) : [...of("9", Number(minor)), ...of("8", Number(minor) + 5)];
  },
};

function downTo(variant: string, lowest: number): readonly string[] {
  const level = /^v(\d)$/.exec(variant)?.[1];
  return level === undefined ? [variant] : countDown(Number(level), lowest).map((step) => `v${step}`);
}

function countDown(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, at) => from - at);
}

/** The last part of a version of Windows, such as 10.0.20348.2700. */
function revisionOf({ os, osVersion }: Platform): number {
  return os === "windows" ? Number(/^\d+\.\d+\.\d+\.(\d+)$/.exec(osVersion ?? "")?.[1] ?? 0) : 0;
}
