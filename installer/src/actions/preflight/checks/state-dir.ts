import type { Check } from "../../../targets/check.ts";
import { checkDirectory, inMemory, mountFor, overNetwork } from "../../../targets/host/directories.ts";

/** The state directory belongs to us alone and survives a reboot. */
export const stateDir: Check = {
  id: "state-dir.usable",
  title: "the state directory belongs to us alone",
  why: "it holds the secrets; whoever can write to it owns the platform",
  severity: "failure",
  run: async (context) => {
    const { fs, host, stateDir: path } = context;
    const findings = [...(await checkDirectory(context, path, "--state-dir"))];
    const found = await fs.stat(path);
    if (found?.directory === true && found.uid !== host.uid()) {
      findings.push({
        message: `${path} belongs to user ${found.uid}, and slipway runs as ${host.uid()}`,
        remedy: "run slipway as the user that installed, or choose another --state-dir",
      });
    }
    if (found?.directory === true && (found.mode & 0o077) !== 0) {
      findings.push({
        severity: "warning",
        message: `${path} is open to others (mode ${(found.mode & 0o777).toString(8)})`,
        remedy: `chmod 700 ${path}`,
      });
    }
    const mount = await mountFor(context, path);
    if (mount !== undefined && inMemory.includes(mount.type)) {
      findings.push({
        severity: "warning",
        message: `${path} is in memory (${mount.type}): records and secrets are gone after a reboot, and the data cannot be opened without them`,
        remedy: "choose a --state-dir on a disk",
      });
    }
    return findings;
  },
};

/** Another machine may have it mounted, too. */
export const stateDirLocal: Check = {
  id: "state-dir.local",
  title: "the state directory is on a disk of this host",
  why: "over a network locks may not hold, and two commands change the platform at once; without it nothing can be changed",
  severity: "warning",
  run: async (context) => {
    const mount = await mountFor(context, context.stateDir);
    if (mount === undefined || !overNetwork.includes(mount.type)) return [];
    return [
      {
        message: `${context.stateDir} is on a network file system (${mount.type})`,
        remedy: "choose a --state-dir on a disk of this host; backups keep a copy of the records elsewhere",
      },
    ];
  },
};
