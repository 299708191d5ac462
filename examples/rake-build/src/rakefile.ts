/** Writes Rakefiles. */

export interface RakeAction {
  readonly command: string;
  /** On one of the hosts; default true. */
  readonly remote?: boolean;
  readonly requires?: readonly string[];
  readonly produces?: readonly string[];
}

export interface RakeProject {
  readonly hosts: readonly string[];
  readonly sets: readonly (readonly RakeAction[])[];
}

/** Paths on a line. */
const PER_LINE = 8;

export function rakefile({ hosts, sets }: RakeProject): string {
  const lines = [`HOSTS = ${hosts.join(" ")}`];
  for (const [index, actions] of sets.entries()) {
    lines.push("", `actionset${index + 1}:`);
    for (const { command, remote = true, requires = [], produces = [] } of actions) {
      lines.push(
        `\t${remote ? "remote-" : ""}${command}`,
        ...listed("requires", requires),
        ...listed("produces", produces),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function listed(keyword: string, paths: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < paths.length; at += PER_LINE) {
    lines.push(`\t\t${keyword} ${paths.slice(at, at + PER_LINE).join(" ")}`);
  }
  return lines;
}
