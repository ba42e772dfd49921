import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const untouched = "nothing was changed: the host is checked before";
const files = "preflight/checks/files";
const tls = "preflight/checks/tls-files";
const network = "preflight/checks/network";
const engine = "compose/checks/engine";
const ports = "compose/checks/ports";

/** What a platform is called and reached by, what vouches for it, the time it lives in, and the passwords it is handed. */
export const platformRows: readonly BadInput[] = [
  {
    fault: "a domain that is no host name: a URL, with a port, with capitals, an IPv6 address, out of bounds",
    says: "allowed is a host name such as ai.corp.example, an IPv4 address or localhost",
    code: "VALUES_INVALID",
    state: "nothing was touched: values are checked first",
    again: "with the name that is proposed",
    proofs: proofs("rules/rules", ["domain", "domain: https://ai.corp"], ["domain", "domain: ai.corp:8443"]),
  },
  {
    fault: "sub-domains asked for below an IP address",
    says: "… and an address has no sub-domains: with it as the domain services get ports of their own",
    code: "VALUES_INVALID",
    state: "nothing was touched: values are checked first",
    again: "with the address alone as the domain, or a name",
    proofs: proofs("rules/rules", ["domain", "domain: s3.10.0.0.5"]),
  },
  {
    fault: "a domain, or a sub-domain of it, that no DNS knows or that leads elsewhere",
    state:
      "a warning: it may be made later, or lead through a load balancer. The platform itself needs no DNS for its own names",
    again: "not needed",
    proofs: proofs(
      network,
      "warn about names that do not resolve or lead elsewhere",
      "leave localhost alone, and warn about an address that is not the host's",
    ),
  },
  {
    fault: "a port that another program holds, or an address that is not the host's",
    says: "port … is taken…",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with the port that is proposed, or when the program that is named has ended",
    proofs: proofs(
      ports,
      "that are taken name who holds them and another port",
      "on a foreign address are a fault of the address",
    ),
  },
  {
    fault: "a certificate that is over, of another name or without one of the sub-domains, or whose key is another's",
    says: "tls.keyFile is not the key of tls.certFile",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with the files corrected",
    proofs: [
      ...proofs(
        files,
        "must not be over, and warn a month before",
        "must cover every name",
        "must cover every name of the profile standard, those of its sub-domains too",
        "must belong together",
      ),
      ...proofs(tls, ["that %s is refused, and said why", "is of another certificate"]),
    ],
  },
  {
    fault:
      "a clock that is wrong, so that S3 and sign-ins refuse: before this program was made, or set back since an install",
    says: "the clock says …, before … what this install recorded last …: it was set back…",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with the clock set",
    proofs: proofs(
      network,
      "fail for a clock before the program was made, and warn when it is not synchronised",
      "fail for a clock that was set back since the install recorded something",
    ),
  },
  {
    fault: "an engine whose clock is not the host's, as one in a virtual machine that slept",
    says: "the clock of the Docker engine is …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with both clocks set; less than five minutes are a warning",
    proofs: proofs(
      engine,
      "whose clock says %s at 12:00 gives %j",
      "says which of the two clocks is behind, and nothing where the engine tells no time",
    ),
  },
  {
    fault: "certificates of the install that are not valid yet",
    says: "… is valid only from … on",
    code: "PREFLIGHT_FAILED",
    state: "untouched: doctor only looks",
    again: "with the clock set",
    proofs: proofs("preflight/checks/live", "finds a certificate that is not valid yet, as where the clock is behind"),
  },
  {
    fault:
      "a password with characters that connection strings, files or shells read in their own way: @ : / ? # % $ \" ' \\, line ends, others than ASCII",
    state: "none: it arrives as it is at every program of the hub",
    again: "not needed",
    proofs: [
      ...proofs("hub/platform-programs", "arrives as it is at every program, by connection string, file and shell"),
      ...proofs(
        "secrets/encode",
        "every encoding leads back to the value",
        "a URL with an encoded secret is read as it was meant",
      ),
    ],
  },
  {
    fault: "another domain for a platform that runs",
    state: "plan says before which addresses move; sign-in, links to files and Git over SSH follow with the install",
    again: "not needed",
    proofs: [
      ...proofs("plan/moved", "another domain moves pages, sign-in, links to files and Git over SSH"),
      ...proofs("commands/plan", "says before it happens that addresses move"),
      ...proofs(
        "e2e/hub",
        "is installed, and passes every wire",
        "lets root in by OAuth through the gateway, and sends the browser back to where it came from",
        "names an SSH host at which its own keys are shown",
      ),
    ],
  },
  {
    fault:
      "an OpenID provider of the company that is another one, knows neither this client nor the redirect URI that a new domain brings, has an endpoint without TLS or a clock of its own",
    says: "a connection does not work",
    code: "WIRE_FAILED",
    state: "the platform runs; nobody gets in by that provider until it is right, and accounts of Casdoor's own do",
    again: "with the values or the provider corrected, as the finding says: slipway verify",
    proofs: [
      ...proofs(
        "company-accounts",
        ["%s is named by the check", "another issuer"],
        ["%s is named by the check", "another client secret"],
        ["%s is named by the check", "another callback"],
        ["%s is named by the check", "an endpoint in the clear"],
        ["%s is named by the check", "a clock of its own"],
        "is left as it is while the provider does not answer, and not made without it",
      ),
      ...proofs("rules/rules", "accounts of the company"),
    ],
  },
];
