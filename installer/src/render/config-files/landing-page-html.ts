/** Text that is HTML already; everything else is escaped where it is put into a template. */
export interface SafeHtml {
  readonly html: string;
}

type Part = string | number | SafeHtml | readonly SafeHtml[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Builds HTML from a template literal; strings put into it are escaped, so they are text wherever text or an attribute may stand. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml {
  const pieces = literals.map((literal, index) => literal + (index < parts.length ? render(parts[index] ?? "") : ""));
  return { html: pieces.join("") };
}

function render(part: Part): string {
  if (typeof part === "string") return part.replace(/[&<>"']/g, (character) => entities[character] ?? character);
  if (typeof part === "number") return String(part);
  return "html" in part ? part.html : part.map((item) => item.html).join("");
}
