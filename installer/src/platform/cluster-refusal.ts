import { ApplyError } from "../errors/installer-error.ts";

/** Whether a cluster refused with this HTTP status: 403 not allowed, 404 no such place, 409 changed or there already, 422 not valid. */
export function isRefused(error: unknown, status: number): boolean {
  return error instanceof ApplyError && "status" in error && error.status === status;
}
