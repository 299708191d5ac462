/** The options of what the network does: for both directions, and as `name=value` lists for one of them. */
import { type Command, InvalidArgumentError } from "commander";
import type { Parser } from "./values.js";

/** One impairment: how it is called on the command line, and in the options of the proxy. */
export interface ImpairmentFlag {
  readonly name: string;
  readonly value: string;
  readonly option: string;
  readonly parse: Parser<unknown>;
  readonly help: string;
}

/** What `--to-server` and `--to-client` were given: options of the proxy for that direction alone. */
export interface DirectionFlags {
  readonly toServer?: Readonly<Record<string, unknown>>;
  readonly toClient?: Readonly<Record<string, unknown>>;
}

export function addImpairmentFlags(command: Command, table: readonly ImpairmentFlag[]): void {
  for (const { name, value, parse, help } of table) command.option(`--${name} <${value}>`, help, parse);
  const names = table.map(({ name }) => name).join(", ");
  command
    .option("--to-server <list>", `only towards the server, such as drop=0.5,delay=200; of ${names}`, listParser(table))
    .option("--to-client <list>", "the same towards clients", listParser(table));
}

/** The options of the proxy for each direction: what holds for both, and then what holds for that one. */
export function impairmentsOf(
  table: readonly ImpairmentFlag[],
  flags: DirectionFlags,
  common: Readonly<Record<string, unknown>> = {},
): { readonly toServer: Record<string, unknown>; readonly toClient: Record<string, unknown> } {
  const given = flags as Readonly<Record<string, unknown>>;
  const both: Record<string, unknown> = { ...common };
  for (const { name, option } of table) {
    const value = given[camelCase(name)];
    if (value !== undefined) both[option] = value;
  }
  return { toServer: { ...both, ...flags.toServer }, toClient: { ...both, ...flags.toClient } };
}

/** `drop=0.5,delay=200` */
function listParser(table: readonly ImpairmentFlag[]): Parser<Record<string, unknown>> {
  return (text) => {
    const options: Record<string, unknown> = {};
    for (const part of text.split(",")) {
      const [, name, value = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
      const flag = table.find((one) => one.name === name);
      if (flag === undefined) {
        const names = table.map((one) => one.name).join(", ");
        throw new InvalidArgumentError(`"${part}" is not NAME=VALUE with a name of ${names}.`);
      }
      try {
        options[flag.option] = flag.parse(value);
      } catch (error) {
        throw new InvalidArgumentError(`${flag.name}=${value}: ${(error as Error).message}`);
      }
    }
    return options;
  };
}

/** As commander names the value of `--reorder-delay`. */
function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
