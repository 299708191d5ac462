/** What a Rakefile says (docs/rake.md R1 to R4): the parser makes it, the client's machine builds it. */

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export interface Action {
  /** From 0, over all sets. */
  readonly index: number;
  /** From 1. */
  readonly line: number;
  readonly remote: boolean;
  /** Without `remote-`. */
  readonly command: string;
  readonly requires: readonly string[];
  readonly produces: readonly string[];
  readonly on: readonly string[];
  /** Undefined: the server's limit, and none for a local action. */
  readonly timeoutMs?: number;
}

export interface ActionSet {
  readonly name: string;
  readonly line: number;
  readonly actions: readonly Action[];
}

export interface Plan {
  readonly hosts: readonly HostAddress[];
  readonly sets: readonly ActionSet[];
}

/** One fault of a Rakefile; line and column from 1 (R5). */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly accepted: string;
}
