/** A source of images as typed, `engine`, `registry`, `oci:DIR` or a path, with an absolute path. */
export function absoluteSource(source: string, path: (text: string) => string): string {
  if (source === "engine" || source === "registry") return source;
  return source.startsWith("oci:") ? `oci:${path(source.slice("oci:".length))}` : path(source);
}
