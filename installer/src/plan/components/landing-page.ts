import { container, resourcesOf, tmp, type ComponentDefinition, type PlanContext, absentComponent } from "../define.ts";
import { statusPagePath } from "../groups/front-page.ts";
import { routeWire } from "../groups/public-address.ts";
import type { Route } from "../model.ts";
import { text, textFile } from "../text.ts";

const port = 8080;

/** The page that says what runs here. */
export const landingPage: ComponentDefinition = {
  id: "landing-page",
  section: { key: "landingPage", leastMemory: 16, image: "gateway" },
  build(context) {
    const values = context.values.landingPage;
    const component = {
      id: "landing-page",
      title: { en: "Landing page", zh: "首页" },
      purpose: { en: "Says what runs here and where", zh: "说明此处运行的服务与地址" },
      role: "page" as const,
      zone: "app" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    const path = statusPagePath(context);
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port, protocol: "http", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "rolling",
          stopSeconds: 5,
          stopSignal: "SIGQUIT",
          health: {
            ready: { kind: "http", port, path: "/healthz" },
            live: { kind: "tcp", port },
            startSeconds: 30,
          },
        },
        links: [
          { title: { en: "Platform", zh: "平台" }, url: `${context.addressing.mainUrl}${path === "/" ? "" : path}` },
        ],
      },
      routes: routes(path),
      wires: [
        routeWire(context, "page", {
          path,
          expectation: "the page answers",
          expect: { expectStatus: 200, expectBody: "Slipway" },
        }),
      ],
    };
  },
};

function routes(path: string): readonly Route[] {
  return [
    {
      id: "landing-page",
      listener: "main",
      match: { kind: "prefix", path },
      action: {
        kind: "proxy",
        to: "landing-page.http",
        timeoutSeconds: 60,
        streaming: false,
        ...(path === "/" ? {} : { rewrite: "/" }),
      },
    },
  ];
}

function server(context: PlanContext) {
  const values = context.values.landingPage;
  return container(
    {
      image: context.image("gateway", values.image),
      uid: 10010,
      resources: resourcesOf(values.resources),
      scratch: [tmp(8)],
      notices: "/srv/notices",
      files: [
        { path: "/etc/nginx/nginx.conf", contents: textFile(settings) },
        { path: "/srv/page/index.html", contents: { kind: "landing-page", language: "en" } },
        { path: "/srv/page/zh/index.html", contents: { kind: "landing-page", language: "zh" } },
        { path: "/srv/page/style.css", contents: { kind: "landing-style" } },
      ],
    },
    values,
  );
}

const settings = text`worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  charset utf-8;
  access_log off;
  server_tokens off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {
    listen ${port} default_server;
    absolute_redirect off;
    root /srv/page;
    # The page changes while the platform comes up.
    add_header Cache-Control no-cache always;
    add_header Content-Security-Policy "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Referrer-Policy no-referrer always;
    location = /healthz { return 200 "ok\n"; }
    # What a run says of its progress stands before what is so in the end.
    location = / { root /srv; try_files /notices/en.html /page/index.html =404; }
    location = /zh/ { root /srv; try_files /notices/zh.html /page/zh/index.html =404; }
    location / { try_files $uri $uri/index.html =404; }
  }
}
`;
