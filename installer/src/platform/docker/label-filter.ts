export const projectLabel = "com.docker.compose.project";

/** The engine's filter for objects that carry all these labels. */
export function labelFilter(labels: Readonly<Record<string, string>>): { readonly label: string[] } {
  return { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) };
}
