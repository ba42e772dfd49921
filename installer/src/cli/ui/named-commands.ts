const defaultName = "slipway";
const commands =
  /\bslipway (?=(?:init|validate|plan|render|install|status|logs|verify|doctor|stop|start|restart|ca|uninstall|secrets)\b)/g;

/** Commands in a text, as they have to be typed for this install: the name is part of them unless it is the default. */
export function nameCommands(text: string, name: string | undefined): string {
  if (name === undefined || name === defaultName || text.includes("--name")) return text;
  return text.replace(commands, `slipway --name ${name} `);
}
