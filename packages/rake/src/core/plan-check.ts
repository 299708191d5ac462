/** What a plan must be, whoever made it: the parser makes no other (docs/rake.md R7, R14). */

import { hasBlanks, MAX_COMMAND_BYTES, MAX_RESOURCE_BYTES } from "./message-limits.js";
import { pathFault } from "./paths.js";
import type { Plan } from "./plan.js";

/** @throws RangeError that names what is wrong */
export function checkPlan({ hosts, sets }: Plan): void {
  for (const { host, port } of hosts) {
    if (host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new RangeError(`${host}:${port} is not a host and a port from 1 to 65535`);
    }
  }
  const encoder = new TextEncoder();
  const seen = new Set<number>();
  for (const { command, requires, produces, on, index, line, timeoutMs } of sets.flatMap(({ actions }) => actions)) {
    const where = `line ${line}: `;
    if (seen.has(index)) throw new RangeError(`${where}two actions have the index ${index}`);
    seen.add(index);
    if (encoder.encode(command).length > MAX_COMMAND_BYTES) {
      throw new RangeError(`${where}a command has at most ${MAX_COMMAND_BYTES} bytes`);
    }
    for (const path of [...requires, ...produces]) {
      const fault = pathFault(path);
      if (fault !== undefined) throw new RangeError(`${where}the path ${path} ${fault}`);
    }
    for (const resource of on) {
      const { length } = encoder.encode(resource);
      if (length < 1 || length > MAX_RESOURCE_BYTES || hasBlanks(resource)) {
        throw new RangeError(`${where}a resource has 1 to ${MAX_RESOURCE_BYTES} bytes and no blank`);
      }
    }
    if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`${where}a timeout is a positive number of milliseconds`);
    }
  }
}
