import type Handlebars from "handlebars";
import runtime from "handlebars/runtime.js";
import { gatewayNginx, landingPage } from "../templates.generated.ts";

// Templates are compiled when the program is made. What is left is a small runtime, whose own declarations say nothing.
const { template } = runtime as unknown as Pick<typeof Handlebars, "template">;

/** Fills in the gateway's nginx configuration. */
export const fillGatewayNginx: (data: unknown) => string = template(gatewayNginx);

/** Fills in the page; every text in the data must be HTML already. */
export const fillLandingPage: (data: unknown) => string = template(landingPage);
