import type { FoundInstallation, PlaceKind } from "./found.ts";
import { type Move, programOf } from "./vendor-programs.ts";

/** A place where the old installation keeps something. */
export interface DataPlace {
  /** The program that keeps it. */
  readonly program: string;
  readonly holds: string;
  readonly place: string;
  readonly kind: PlaceKind;
  /** How it comes here; absent where it does not. */
  readonly move?: Move;
}

/** Places with data, by the programs that have them; files of configuration and logs are none. */
export function findData({ workloads }: FoundInstallation): readonly DataPlace[] {
  const places = workloads.flatMap(({ image, mounts }) => {
    const program = programOf(image);
    const { data } = program ?? {};
    if (program === undefined || data === undefined) return [];
    return mounts
      .filter(({ target }) => data.target.test(target))
      .map(({ source, kind }): DataPlace => {
        const { title, move } = program;
        return { program: title, holds: data.holds, place: source, kind, ...(move === undefined ? {} : { move }) };
      });
  });
  return places.filter((one, index) => places.findIndex(({ place }) => place === one.place) === index);
}
