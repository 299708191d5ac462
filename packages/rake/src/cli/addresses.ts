/** Hosts on the command line, written as behind `HOSTS =` in a Rakefile (docs/rake.md R1). */
import { InvalidArgumentError } from "commander";
import type { HostAddress } from "../core/plan.js";
import { parseRakefile } from "../core/rakefile.js";

export function addressOf({ host, port }: HostAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `h1,h2:6333`, or the option several times. @throws InvalidArgumentError that says what is accepted */
export function hostList(text: string, previous: readonly HostAddress[] = []): readonly HostAddress[] {
  const before = previous.map(addressOf).join(" ");
  const { plan, faults } = parseRakefile(`HOSTS = ${before} ${text.replace(/[,\r\n]/g, " ")}\n`);
  const [fault] = faults;
  if (fault === undefined && plan.hosts.length > previous.length) return plan.hosts;
  const found = fault === undefined ? "nothing" : `${fault.found}; accepted: ${fault.accepted}`;
  throw new InvalidArgumentError(`It must be HOST or HOST:PORT, several with commas between them; found ${found}.`);
}
