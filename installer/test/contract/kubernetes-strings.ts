/**
 * What a container sees of an env value or argument: `$(NAME)` is replaced where NAME is known and `$$` is one dollar. Here no name is
 * known, so a reference that was not escaped shows as an error.
 */
export function expandDollars(text: string): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (match === "$$") return "$";
    throw new RangeError(`$(${name ?? ""}) would be expanded by Kubernetes`);
  });
}
