import type { BundleInspectResult } from "../../actions/bundle/bundle-inspect.ts";
import type { BundleKeygenResult } from "../../actions/bundle/bundle-keygen.ts";
import type { BundleRepairResult } from "../../actions/bundle/bundle-repair.ts";
import type { BundleDamage, BundleVerifyResult } from "../../actions/bundle/bundle-verify.ts";
import { shortDigest } from "../../oci/digest.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Where the two halves of a key are and what to do with them. */
export function formatBundleKey(result: BundleKeygenResult, style: Style): string {
  return [
    `${style.good("made")} the key pair ${result.keyId}`,
    `  ${result.secretKey}  signs; keep it${result.encrypted ? "" : ", it is not protected by a passphrase"}`,
    `  ${result.publicKey}  checks; give it to those who receive bundles, by another way than the bundle`,
  ].join("\n");
}

/** What was checked, or everything that is damaged. */
export function formatBundleVerified(result: BundleVerifyResult, style: Style): string {
  const bytes = result.bundles.reduce((sum, bundle) => sum + bundle.bytes, 0);
  const bundles = result.bundles.map((bundle) => {
    const { trust } = bundle;
    const who =
      trust.state === "signed"
        ? `signed by ${trust.keyId} (${printable(trust.comment)})`
        : style.warn("not signed by anybody trusted");
    return `  ${bundle.name} ${bundle.version}, ${bundle.entries} entries, ${who}; root ${bundle.root}`;
  });
  if (result.ok) {
    const took = `${formatBytes(bytes)} in ${formatMilliseconds(result.ms)}`;
    return [`${style.good("verified")} every byte of ${result.bundles[0]?.path ?? ""}: ${took}`, ...bundles].join("\n");
  }
  return [
    style.bad(`${result.damaged.length} damaged`),
    ...result.damaged.map(formatDamage),
    ...result.damagedParts.map((part) => `  ${part}`),
    "copy the bundle again from where it came; a split one made with --parity can be repaired with slipway bundle repair",
  ].join("\n");
}

function formatDamage(damage: BundleDamage): string {
  const { path, problem, owners, files } = damage;
  const whose = owners.length === 0 ? "" : ` (${owners.join(", ")})`;
  const where = files.length === 0 ? "" : `; in ${files.join(" and ")}`;
  return `  ${path}${whose} ${problem}${where}`;
}

/** Which parts were rebuilt and how to go on. */
export function formatBundleRepaired(result: BundleRepairResult, style: Style): string {
  if (result.rebuilt.length === 0) return `all ${result.good} parts of ${result.name} are good; nothing to rebuild`;
  return [
    `${style.good("rebuilt")} ${result.rebuilt.length} of ${result.name} in ${formatMilliseconds(result.ms)}`,
    ...result.rebuilt.map(({ file, path, why }) => `  ${path}  (${file} ${why})`),
    `name them with --parts ${result.output}`,
  ].join("\n");
}

/** What is in a bundle. */
export function formatBundle(result: BundleInspectResult, style: Style, columns: number | undefined): string {
  const { parts, base, without } = result;
  const facts: readonly (readonly [string, string])[] = [
    ["bundle", `${result.name} ${result.version}${result.content === "delta" ? " (delta)" : ""}`],
    ...(base === undefined ? [] : [["builds on", `${base.name} ${base.version} (${base.root})`] as const]),
    ["platforms", result.platforms.join(", ")],
    ["profiles", result.profiles.join(", ") || "-"],
    ...(without.length === 0 ? [] : [["without", without.join(", ")] as const]),
    ["size", `${formatBytes(result.bytes)}; blobs ${formatBytes(result.blobBytes)}`],
    ...(parts === undefined
      ? []
      : [["parts", `${parts.count} of ${formatBytes(parts.partSize)}, parity ${parts.parity}`] as const]),
    ["trust", formatTrust(result.trust, style)],
    ["needs", `Docker ${result.requires.engine}, ${formatBytes(result.requires.freeBytes)} free`],
    ["updates", result.requires.previous.join(", ") || "any version"],
    ["root", result.root],
  ];
  return [
    ...facts.map(([name, text]) => `${style.dim(name.padEnd(9))}  ${text}`),
    "",
    formatTable(
      ["IMAGE", "SIZE", "PLATFORMS", "DIGEST", "LICENCES", "REFERENCE"],
      result.images.map((image) => [
        image.name,
        image.bytes === undefined ? "-" : formatBytes(image.bytes),
        image.platforms.map(({ platform }) => platform).join(" ") || "-",
        shortDigest(image.digest),
        image.licenses,
        image.reference,
      ]),
      style,
      columns,
    ),
    ...(result.artifacts.length === 0 ? [] : ["", formatArtifacts(result.artifacts, style)]),
  ].join("\n");
}

function formatArtifacts(artifacts: BundleInspectResult["artifacts"], style: Style): string {
  return formatTable(
    ["PROGRAM", "VERSION", "PLATFORM", "SIZE", "DIGEST"],
    artifacts.map(({ name, version, platform, bytes, digest }) => [
      name,
      version,
      platform ?? "any",
      formatBytes(bytes),
      shortDigest(digest),
    ]),
    style,
  );
}

function formatTrust(trust: BundleInspectResult["trust"], style: Style): string {
  switch (trust.state) {
    case "signed":
      return style.good(`signed by ${trust.keyId ?? ""} (${printable(trust.comment ?? "")})`);
    case "untrusted":
      return style.warn(`signed by ${trust.keyId ?? ""}, a key that is not trusted here`);
    case "unsigned":
      return style.warn("not signed");
  }
}
