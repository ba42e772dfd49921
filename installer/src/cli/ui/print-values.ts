import type { ValueOrigin, ValuesShowResult } from "../../actions/values/show-values.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Every value on a line, with `origin` also where it comes from. */
export function formatValues({ values }: ValuesShowResult, style: Style, origin: boolean): string {
  return formatTable(
    ["VALUE", "IS", ...(origin ? ["FROM"] : [])],
    values.map(({ path, value, from }) => [path, printable(value), ...(origin ? [describeOrigin(from)] : [])]),
    style,
  );
}

function describeOrigin({ layer, file, line }: ValueOrigin): string {
  const place = line === undefined ? file : `${file}:${line}`;
  switch (layer) {
    case "defaults":
      return "default";
    case "profile":
      return "profile";
    case "recorded":
      return `recorded (${place})`;
    case "file":
      return place;
    case "set":
      return file;
  }
}
