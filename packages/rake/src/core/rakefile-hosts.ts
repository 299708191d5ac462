/** PORT and HOSTS of a Rakefile (docs/rake.md R1). */

import type { HostAddress } from "./plan.js";
import { type Faults, shown } from "./rakefile-faults.js";
import type { Line, Word } from "./rakefile-lines.js";

/** Where a HOSTS line names no port, and no PORT line does. */
export const DEFAULT_PORT = 6238;

const A_PORT = "a port from 1 to 65535";
const A_HOST = "name, name:port, [IPv6 address] or [IPv6 address]:port";
const NOTHING_MORE = "nothing more on the line";

interface NamedHost {
  readonly line: Line;
  readonly word: Word;
  readonly host: string;
  readonly port: number | undefined;
}

export class HostList {
  readonly #faults: Faults;
  readonly #named: NamedHost[] = [];
  #port = DEFAULT_PORT;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  port(line: Line, [word, more]: readonly Word[]): void {
    const port = word === undefined ? undefined : parsePort(word.text);
    if (word === undefined) this.#faults.add(line, line.text.length, "no port", A_PORT);
    else if (port === undefined) this.#faults.add(line, word.at, shown(word.text), A_PORT);
    else if (more !== undefined) this.#faults.add(line, more.at, shown(more.text), NOTHING_MORE);
    else this.#port = port;
  }

  hosts(line: Line, words: readonly Word[]): void {
    if (words.length === 0) this.#faults.add(line, line.text.length, "no host", A_HOST);
    for (const word of words) {
      const parsed = parseHost(word.text);
      if ("accepted" in parsed)
        this.#faults.add(line, word.at + parsed.at, shown(word.text.slice(parsed.at)), parsed.accepted);
      else this.#named.push({ line, word, ...parsed });
    }
  }

  /** Now that the port of those that name none is known: the same host and port twice is a fault. */
  end(): HostAddress[] {
    const hosts = new Map<string, HostAddress>();
    for (const { line, word, host, port = this.#port } of this.#named) {
      const key = `${host.toLowerCase()} ${port}`;
      if (hosts.has(key))
        this.#faults.add(line, word.at, `${shown(word.text)} a second time`, "each host and port once");
      else hosts.set(key, { host, port });
    }
    return [...hosts.values()];
  }
}

function parsePort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** What it names, or where in it the fault is. */
function parseHost(
  text: string,
): { readonly host: string; readonly port: number | undefined } | { readonly at: number; readonly accepted: string } {
  const bracketed = /^\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?)\]/.exec(text);
  const name = bracketed ?? /^([A-Za-z0-9_][A-Za-z0-9._-]*)/.exec(text);
  if (name === null) return { at: 0, accepted: A_HOST };
  const host = name[1] as string;
  const { length } = name[0];
  if (length === text.length) return { host, port: undefined };
  if (text[length] !== ":" || text.includes(":", length + 1)) return { at: 0, accepted: A_HOST };
  const port = parsePort(text.slice(length + 1));
  return port === undefined ? { at: length + 1, accepted: A_PORT } : { host, port };
}
