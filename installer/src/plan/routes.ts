/** What the gateway does with requests: the part of the Plan about routes. */

export interface Route {
  readonly id: string;
  readonly listener: string;
  readonly match: { readonly kind: "prefix" | "exact" | "regex"; readonly path: string };
  readonly action: RouteAction;
}

/** What the gateway adds to the pages that it passes on. */
export interface PageCare {
  /** Styles, scripts and vector pictures are compressed on the way; answers of an interface, which may hold secrets, are not. */
  readonly compress: boolean;
  /** Cookies go with requests from the same site alone and, with TLS, over nothing else. */
  readonly ownCookies: boolean;
  /** The pages may be shown in frames of pages of the same origin alone. */
  readonly ownFrames: boolean;
}

export interface RequestLimit {
  readonly perMinute: number;
  readonly atOnce: number;
}

export interface QueryField {
  readonly name: string;
  /** What it must be; letters, digits and `._~-` when absent. */
  readonly value?: string;
}

/**
 * A key that stands for another at the gateway alone, and opens there what it is for. Whoever must call the platform by its public name holds
 * one of these instead of a key that opens everything.
 */
export interface EdgeKey {
  readonly id: string;
  /** The secret that a caller shows as a bearer token. */
  readonly shown: string;
  /** The secret that the service behind is shown in its place. */
  readonly becomes: string;
  /** The requests that it opens: regular expressions over a method, a space, and path and query as they were sent. */
  readonly opens: readonly string[];
}

type RouteAction =
  | {
      readonly kind: "proxy";
      /** `component.endpoint` */
      readonly to: string;
      readonly timeoutSeconds: number;
      /** Replaces the matched prefix. */
      readonly rewrite?: string;
      /** Requests and responses pass through unbuffered and without a size limit. */
      readonly streaming: boolean;
      /** The query has these fields, each once, and nothing else; other requests are answered 403. */
      readonly query?: readonly QueryField[];
      /** How often one address may ask in a minute, and how many times at once beyond that; others are answered 429. */
      readonly limit?: RequestLimit;
      /** HTTP methods that are answered 403 instead. */
      readonly denyMethods?: readonly string[];
      /** While a notice is there that is called by this and the time, what may change something behind is answered "later" (503). */
      readonly writesHeldBy?: string;
      /** What the service behind does not do for its own pages. */
      readonly pages?: PageCare;
    }
  /** An empty picture, for pictures that a page names and nobody has here: a browser shows none as broken. */
  | { readonly kind: "blank-picture" }
  | { readonly kind: "deny"; readonly status: number }
  | {
      readonly kind: "redirect";
      readonly url: string;
      /** The name that was asked for stays, in the place of the URL's. */
      readonly keepsHost?: true;
    };
