import { describe, expect, it } from "vitest";
import { infraPlan, profilePlan } from "../../../test/support/infra-plan.ts";
import type { Plan, Route } from "../../plan/model.ts";
import { buildAddressBook } from "../addresses.ts";
import { renderedFileToString } from "../rendered-file.ts";
import { renderGatewayNginx } from "./gateway-nginx.ts";

function render(plan: Plan): string {
  const contents = renderGatewayNginx(
    plan,
    buildAddressBook(plan, (component) => component.id),
  );
  return renderedFileToString({ path: "nginx.conf", contents, secret: false });
}

function withRoute(route: Partial<Route>, sets: readonly string[] = []): Plan {
  const plan = infraPlan(sets);
  const added: Route = {
    id: "added",
    listener: "main",
    match: { kind: "prefix", path: "/added/" },
    action: { kind: "proxy", to: "registry.http", timeoutSeconds: 7, streaming: true },
    ...route,
  };
  return { ...plan, routes: [...plan.routes, added] };
}

function blockOfRegistry(): string | undefined {
  return /location \/v2\/ \{[^]*?\n {4}\}/.exec(render(infraPlan()))?.[0];
}

describe("renderGatewayNginx", () => {
  it("serves each name on its own port when there are no sub-domains", () => {
    const text = render(infraPlan());

    expect(text).toContain("listen 80 default_server;");
    expect(text).toContain("listen 8000 default_server;");
    expect(text).toContain("listen 9000 default_server;");
    expect(text).not.toContain("ssl");
  });

  it("answers foreign names with 421 where one port serves several", () => {
    const text = render(infraPlan(["domain=ai.corp"]));

    expect(text).toContain("listen 443 default_server ssl;\n    server_name _;\n    return 421;");
    expect(text).toContain("server_name casdoor.ai.corp;");
    expect(text).toContain("ssl_protocols TLSv1.2 TLSv1.3;");
  });

  it("makes room for long names only where there are some", () => {
    const domain = (length: number): string => `domain=${"a".repeat(length - ".example".length)}.example`;

    expect(render(infraPlan([domain(38)]))).not.toContain("server_names_hash_bucket_size");
    expect(render(infraPlan([domain(39)]))).toContain("server_names_hash_bucket_size 512;");
  });

  it("redirects plain HTTP to the same name with TLS", () => {
    expect(render(infraPlan(["domain=ai.corp"]))).toContain("return 301 https://s3.ai.corp$request_uri;");
  });

  it("refuses deletes at the registry and hides internal callbacks", () => {
    const text = render(infraPlan());

    expect(text).toContain("if ($request_method = DELETE) { return 403; }");
    expect(text).toContain('location ~ "^/api/[^/]+/internal(/|$)" {\n      return 404;');
  });

  it("logs no query, in which sign-in codes and signatures travel, and says which server answered", () => {
    const text = render(infraPlan());

    expect(text).toContain("error_log stderr crit;");
    expect(/log_format .*/.exec(text)?.[0]).toMatch(
      /^(?!.*\$(request|request_uri|args|query_string)\b).*\$upstream_addr/,
    );
  });

  it("streams without limits where a route says so", () => {
    const block = blockOfRegistry();

    expect(block).toContain("client_max_body_size 0;");
    expect(block).toContain("proxy_request_buffering off;");
    expect(block).toContain("proxy_read_timeout 1800s;");
  });

  it("holds what changes something where a route says so and a notice of this time is there, and lets the rest through", () => {
    const block = blockOfRegistry();

    expect(block).toContain(
      [
        '      set $held "";',
        "      if ($request_method !~ ^(GET|HEAD|OPTIONS)$) { set $held asked; }",
        '      if (!-f /run/slipway/notices/push-$hold_step) { set $held ""; }',
        "      if ($held) { return 503; }",
      ].join("\n"),
    );
  });

  it("writes no sign-in code or signature into its log", () => {
    const format = /log_format main '([^']*)'/.exec(render(infraPlan()))?.[1];

    expect(format).toContain("$uri");
    expect(format).not.toMatch(/\$request\b|\$request_uri|\$args|\$http_referer/);
  });

  it("takes care of pages where a route says so, and keeps the server's own headers", () => {
    const pages = { compress: true, ownCookies: true, ownFrames: true };
    const action = { kind: "proxy", to: "registry.http", timeoutSeconds: 7, streaming: false } as const;
    const blockOf = (plan: Plan): string => /location \/added\/ \{[^}]*\}/.exec(render(plan))?.[0] ?? "";

    const careful = blockOf(withRoute({ action: { ...action, pages } }, ["domain=ai.corp"]));
    const plain = blockOf(withRoute({ action: { ...action, pages } }));

    expect(careful).toContain("gzip on;");
    expect(careful).toContain("proxy_cookie_flags ~ secure samesite=lax;");
    expect(careful).toContain(`add_header Content-Security-Policy "frame-ancestors 'self'" always;`);
    expect(careful).toContain('add_header Strict-Transport-Security "max-age=31536000" always;');
    expect(plain).toContain("proxy_cookie_flags ~ samesite=lax;");
    expect(plain).not.toContain("Strict-Transport-Security");
    expect(blockOf(withRoute({ action }))).not.toMatch(/gzip|cookie|add_header/);
  });

  it("compresses no answers of an interface, in which secrets stand beside what a stranger sent", () => {
    expect(render(infraPlan())).not.toMatch(/gzip_types.*(json|html)/);
  });

  it("answers for pictures that nobody has with an empty one, past the service", () => {
    const [, path, block] = /location ~ "([^"]*)" \{\s*(empty_gif;)/.exec(render(infraPlan())) ?? [];
    const pictures = new RegExp(path ?? "");

    expect(block).toBe("empty_gif;");
    for (const picture of ["/img/casbin.svg", "/flag-icons/CN.svg", "/buttons/github.svg"])
      expect(picture).toMatch(pictures);
    for (const other of ["/", "/login/OpenCSG", "/static/js/main.js", "/api/img/", "/images/x.png"])
      expect(other).not.toMatch(pictures);
  });

  it("rewrites a prefix, matches exactly and by expression", () => {
    const action = { kind: "proxy", to: "registry.http", timeoutSeconds: 7, streaming: false, rewrite: "/" } as const;

    expect(render(withRoute({ action }))).toContain("rewrite ^/added/?(.*)$ /$1 break;");
    expect(render(withRoute({ match: { kind: "exact", path: "/x" } }))).toContain("location = /x {");
    expect(render(withRoute({ match: { kind: "regex", path: "^/(hf|csg)/" } }))).toContain(
      'location ~ "^/(hf|csg)/" {',
    );
  });

  it("leads every name of applications to their proxy and nowhere else, over WebSockets and for an hour", () => {
    const sets = ["domain=hub.test", "appsDomain=apps.hub.test", "ports.https=8443"];
    const text = render(profilePlan("standard", sets));
    const [block = "", plain = ""] = text.split("# apps").slice(1);

    expect(block).toContain("listen 8443 ssl;\n    server_name *.apps.hub.test;");
    expect([...block.matchAll(/location (\S+)/g)].map(([, path]) => path)).toEqual(["/"]);
    expect(block).toContain("set $upstream http://csghub-rproxy:8083;");
    expect(block).toContain("proxy_read_timeout 3600s;");
    expect(block).toContain("proxy_buffering off;");
    expect(text).toContain("proxy_set_header Upgrade $http_upgrade;");
    // The key of the hub's programs opens nothing there either.
    expect(block).toContain("if ($edge_refused) { return 403; }");
    expect(plain).toContain("return 301 https://$host:8443$request_uri;");
  });

  it("names the route that leads nowhere", () => {
    const action = { kind: "proxy", to: "nobody.http", timeoutSeconds: 1, streaming: false } as const;

    expect(() => render(withRoute({ action }))).toThrow("route added of main names the endpoint nobody.http");
  });
});
