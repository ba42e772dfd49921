import { isIpv4, isIpv6 } from "../../../values/host-names.ts";
import type { Check } from "../../../targets/check.ts";

/** Top-level domains that browsers speak to by HTTPS alone: hstspreload.org, of those that people give to machines of their own. */
const httpsOnly: readonly string[] = ["app", "bank", "dev", "foo", "gle", "insurance", "meme", "new", "page", "zip"];

/** What a name leads to is another matter: whether people's machines ask at all. */
export const domainUsable: Check = {
  id: "domain.browsers",
  title: "browsers and systems treat the domain as any other",
  why: "some endings are set apart: the platform runs, and nobody gets there",
  severity: "warning",
  run: ({ plan }) => {
    const { domain, tls } = plan.settings;
    const ending = isIpv4(domain) || isIpv6(domain) ? "" : (domain.toLowerCase().split(".").at(-1) ?? "");
    if (ending === "local") {
      return [
        {
          message: `${domain} ends in .local, which many systems look for among their neighbours and never ask DNS about`,
          remedy: "choose a name below a domain of yours, or below .internal, which is meant for this",
        },
      ];
    }
    if (tls !== "off" || !httpsOnly.includes(ending)) return [];
    return [
      {
        message: `browsers open .${ending} by HTTPS alone, and TLS is off`,
        remedy: "set tls.mode to self-signed or files, or choose another domain",
      },
    ];
  },
};
