const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The same data with every string in it as HTML text, so that it is text wherever a template puts text or an attribute. */
export function escapeTexts(data: unknown): unknown {
  if (typeof data === "string") return data.replace(/[&<>"']/g, (character) => entities[character] ?? character);
  if (Array.isArray(data)) return data.map(escapeTexts);
  if (typeof data === "object" && data !== null)
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, escapeTexts(value)]));
  return data;
}
