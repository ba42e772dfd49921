import { UsageError } from "../../errors/installer-error.ts";
import { openInstall } from "../../execute/state/install.ts";
import type { Browser } from "../../platform/browser.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { type FirstPassword, firstPasswordOf, type PublicUrl, urlsOf } from "../status/summary.ts";

export interface OpenRequest extends InstallTarget {
  /** The platform's own page when absent. */
  readonly component?: string;
  /** Only say the addresses. */
  readonly print: boolean;
}

export interface OpenResult extends ResultHead<"OpenResult"> {
  readonly name: string;
  /** Addresses people open: of the component that was asked for, else all, the platform's own page first. */
  readonly urls: readonly PublicUrl[];
  /** The one that was handed to a browser. */
  readonly opened?: string;
  readonly firstPassword?: FirstPassword;
}

/**
 * Opens an address of the platform in the person's browser where there is one, and tells the addresses in any case.
 * @throws UsageError for a component without one; PreflightError when nothing is installed
 */
export async function open(
  request: OpenRequest,
  ports: Pick<ActionPorts, "fs" | "target"> & { readonly browser: Browser },
): Promise<OpenResult> {
  const plan = await requireInstalledHere(await openInstall(request, ports.fs), ports);
  const all = urlsOf(plan).toSorted((a, b) => rank(a) - rank(b));
  function rank({ url }: PublicUrl): number {
    return url.replace(/\/$/, "") === plan.settings.mainUrl ? 0 : 1;
  }
  const urls = request.component === undefined ? all : all.filter(({ component }) => component === request.component);
  const [first] = urls;
  if (first === undefined) throw noAddress(request.component, all);
  const firstPassword = firstPasswordOf(plan);
  return {
    apiVersion: "slipway/v1",
    kind: "OpenResult",
    name: request.name,
    urls,
    ...(!request.print && (await ports.browser.open(first.url)) ? { opened: first.url } : {}),
    ...(firstPassword === undefined ? {} : { firstPassword }),
  };
}

function noAddress(component: string | undefined, all: readonly PublicUrl[]): UsageError {
  const known = [...new Set(all.map((row) => row.component))];
  return new UsageError(
    component === undefined ? "this platform has no address to open" : `${component} has no address to open`,
    { hint: known.length === 0 ? "slipway status shows what is installed" : `addresses have ${known.join(", ")}` },
  );
}
