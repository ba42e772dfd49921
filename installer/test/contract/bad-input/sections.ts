import { backupRows } from "./backups.ts";
import { bundleRows, diskRows } from "./bundles.ts";
import { clusterRows } from "./clusters.ts";
import { housekeepingRows } from "./housekeeping.ts";
import { metricsRows } from "./metrics.ts";
import { platformRows } from "./platform.ts";
import { registryRows } from "./registries.ts";
import { serviceRows } from "./services.ts";
import { supportRows } from "./support.ts";
import { upgradeRows } from "./upgrades.ts";
import { valuesRows } from "./values.ts";
import type { BadInputSection } from "./row.ts";

export const badInput: readonly BadInputSection[] = [
  {
    title: "Bundles",
    text: "What is wrong with a bundle, a part of one, or what it builds on. `verify`, `inspect`, `diff`, `serve`, `load`, `push`, `install` and `install.sh` refuse alike.",
    rows: bundleRows,
  },
  {
    title: "Disks and interruptions",
    text: "The disks are real: small ones in memory, and ones whose bytes are taken away while they are mounted. That needs root; without it these tests are skipped and say so.",
    rows: diskRows,
  },
  {
    title: "Registries",
    text: "A push to a registry, and `bundle create` and `images lock` from one. The registry of the tests can be made to fail at any request. An image whose manifest no source gives counts as missing: `bundle create` and `images lock` then end with 4 and say why.",
    rows: registryRows,
  },
  {
    title: "Names, ports, certificates, clocks and passwords",
    text: "What a platform is reached by and vouched for with, the time it lives in, and the passwords its programs are handed. `install` looks before it changes anything, `doctor` at any time; nobody outside is asked for the time.",
    rows: platformRows,
  },
  {
    title: "Clusters",
    text: "A Kubernetes cluster that is not ready for a platform. `install` and `plan` look before anything is changed, `doctor` at any time.",
    rows: clusterRows,
  },
  {
    title: "Services of your own",
    text: "What is wrong with a service that is elsewhere. `install` looks into all of them from a container before it changes anything, `doctor` at any time.",
    rows: serviceRows,
  },
  {
    title: "Backups",
    text: "What is wrong with where backups are kept, with what opens them, and with what they are to be brought back to.",
    rows: backupRows,
  },
  {
    title: "Housekeeping",
    text: "What keeps `slipway housekeeping` from removing what nothing names.",
    rows: housekeepingRows,
  },
  {
    title: "Metrics",
    text: "What is wrong with where `slipway metrics --listen` is to serve, and with what it looks at.",
    rows: metricsRows,
  },
  {
    title: "Values and records",
    text: "Values that can be read and mean something else than they say, and a state directory that is not as it was left. That values files are YAML and fit the schema is told with line and column.",
    rows: valuesRows,
  },
  {
    title: "Support bundles",
    text: "What stands in the way of a file for whoever helps, and what must not get into one.",
    rows: supportRows,
  },
  {
    title: "Upgrades",
    text: "What keeps a platform from another version of Slipway, and what happens where that version does not come up.",
    rows: upgradeRows,
  },
];
