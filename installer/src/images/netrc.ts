/** The entries of a netrc file for the named hosts: a build gets the logins it needs and no others. */
export function netrcFor(text: string, hosts: readonly string[]): string {
  const wanted = new Set(hosts);
  const words = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .split(/\s+/)
    .filter((word) => word !== "");
  const lines: string[] = [];
  let taking = false;
  for (let index = 0; index < words.length; index += 2) {
    const [key = "", value = ""] = words.slice(index, index + 2);
    if (key === "machine") taking = wanted.has(value);
    else if (key === "default" || key === "macdef") {
      // `default` has no value of its own, and a macro ends what can be read word by word.
      if (key === "macdef") break;
      taking = false;
      index -= 1;
      continue;
    }
    if (taking) lines.push(`${key} ${value}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
