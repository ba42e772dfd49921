/** The file of the hub's programs that holds their secrets. */
export const settingsPath = "/run/slipway/hub.toml";

/** Keys of the file, `section.key` or `key`, to what stands between the quotes. */
export function readSettings(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section = "";
  for (const line of text.split("\n")) {
    const head = /^\[(.+)\]$/.exec(line)?.[1];
    if (head !== undefined) section = `${head}.`;
    const [, key, value] = /^(\w+) = "(.*)"$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) found.set(section + key, value);
  }
  return found;
}
