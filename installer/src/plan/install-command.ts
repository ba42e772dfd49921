/** The name of an install that nobody gave another one. */
export const defaultInstallName = "slipway";

/** A command line about an install, for example of `secrets show redis`: it says which one, unless it is the default. */
export function installCommand(name: string, words: string): string {
  return `slipway ${words}${name === defaultInstallName ? "" : ` --name ${name}`}`;
}
