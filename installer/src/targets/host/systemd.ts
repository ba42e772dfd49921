import type { CheckContext } from "../check.ts";

/** It is there while systemd runs the machine, sd_booted(3). */
export const systemdMark = "/run/systemd/system";

type Context = Pick<CheckContext, "fs" | "exec" | "signal">;

/** What systemd says when it is asked something; undefined on a machine that it does not run, and where it has nothing to say. */
export async function askSystemd({ fs, exec, signal }: Context, words: readonly string[]): Promise<string | undefined> {
  if (!(await fs.exists(systemdMark))) return undefined;
  // `is-enabled` ends with another status than 0 for some of its answers.
  const answer = await exec
    .run("systemctl", words, { allowFailure: true, timeoutMs: 5000, signal })
    .catch(() => undefined);
  const value = answer?.stdout.trim() ?? "";
  return value === "" ? undefined : value;
}
