/** One entry of an apt sources file, in either of its two forms. */
export interface AptSource {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy?: string;
}

/** The Debian archive as one machine reaches it. */
export interface DebianMirror {
  readonly main: string;
  readonly updates?: string;
  readonly security?: string;
}

const debianSuites = /^(?:bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|oldoldstable)$/;

/** Reads the one-line form, `/etc/apt/sources.list` and `*.list`. */
export function parseSourcesList(text: string): readonly AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, type = "", options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    sources.push({
      types: [type],
      uris: [uri],
      suites: [suite],
      components: words(components),
      ...(signedBy === undefined ? {} : { signedBy }),
    });
  }
  return sources;
}

/** Reads the deb822 form, `*.sources`: paragraphs of fields, with continued lines and comments anywhere. */
export function parseDeb822(text: string): readonly AptSource[] {
  const sources: AptSource[] = [];
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  for (const paragraph of lines.join("\n").split(/\n[ \t]*\n/)) {
    const fields = parseFields(paragraph);
    if (/^(?:no|false|0|off|disable|without)$/i.test(fields.get("enabled") ?? "yes")) continue;
    const uris = words(fields.get("uris") ?? "");
    if (uris.length === 0) continue;
    const signedBy = fields.get("signed-by");
    sources.push({
      types: words(fields.get("types") ?? "deb"),
      uris,
      suites: words(fields.get("suites") ?? ""),
      components: words(fields.get("components") ?? ""),
      ...(signedBy === undefined ? {} : { signedBy }),
    });
  }
  return sources;
}

/**
 * Finds the Debian archive among a machine's apt sources; undefined where none is configured. Other people's repositories that are
 * named after a Debian release (they carry other components, or a key of their own) are not it.
 */
export function findDebianMirror(sources: readonly AptSource[]): DebianMirror | undefined {
  const usable = sources.filter(
    (source) =>
      source.types.includes("deb") &&
      source.components.includes("main") &&
      (source.signedBy === undefined || /debian-archive|BEGIN PGP/.test(source.signedBy)) &&
      source.uris.some(isRemote),
  );
  const uriOf = (isSuite: (suite: string) => boolean): string | undefined =>
    usable
      .filter((source) => source.suites.some(isSuite))
      .flatMap((source) => source.uris)
      .find(isRemote);
  const main = uriOf((suite) => debianSuites.test(suite));
  if (main === undefined) return undefined;
  const updates = uriOf((suite) => suite.endsWith("-updates") && debianSuites.test(suite.slice(0, -8)));
  const security = uriOf((suite) => /^[a-z]+(?:-security|\/updates)$/.test(suite));
  return {
    main,
    ...(updates === undefined ? {} : { updates }),
    ...(security === undefined ? {} : { security }),
  };
}

/** The Debian archive behind one address given by a person; its security archive is looked for beside it. */
export function mirrorFromAddress(main: string, security?: string): DebianMirror {
  const address = main.replace(/\/+$/, "");
  const beside = security ?? (address.endsWith("/debian") ? `${address}-security` : undefined);
  return { main: address, updates: address, ...(beside === undefined ? {} : { security: beside }) };
}

/** The apt sources of one Debian release behind a mirror, in deb822 form. */
export function renderSources(mirror: DebianMirror, suite: string): string {
  return debianPockets(mirror, suite)
    .map(({ uri, suite: pocket }) =>
      [
        "Types: deb",
        `URIs: ${uri}`,
        `Suites: ${pocket}`,
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** The parts of the archive a mirror offers of one release. */
export function debianPockets(
  mirror: DebianMirror,
  suite: string,
): readonly { readonly uri: string; readonly suite: string }[] {
  return [
    { uri: mirror.main, suite },
    ...(mirror.updates === undefined ? [] : [{ uri: mirror.updates, suite: `${suite}-updates` }]),
    ...(mirror.security === undefined ? [] : [{ uri: mirror.security, suite: `${suite}-security` }]),
  ];
}

function parseFields(paragraph: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let current = "";
  for (const line of paragraph.split("\n")) {
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field !== null) {
      current = (field[1] ?? "").toLowerCase();
      fields.set(current, field[2] ?? "");
    } else if (/^[ \t]/.test(line) && current !== "") {
      fields.set(current, `${fields.get(current) ?? ""} ${line.trim()}`);
    }
  }
  return fields;
}

/** A build cannot see this machine's files or discs. */
function isRemote(uri: string): boolean {
  return /^https?:\/\//.test(uri);
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
