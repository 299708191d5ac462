/**
 * Hosts that are network namespaces of this machine, each on one port of a switch (a bridge in a namespace of its own:
 * nothing in the machine's own network changes). A pulled cable is a port of the switch that is set down: nobody is told,
 * no FIN and no RST comes, packets are lost. Needs root (component `netns` of test/components.ts).
 */
import { existsSync } from "node:fs";
import { type RunningProcess, run, start } from "../../../../test/process.js";

const PREFIX = "10.231.17.";

export class Namespaces implements AsyncDisposable {
  readonly #name = `lab-${process.pid}`;
  readonly #made: string[] = [];
  readonly #hosts: readonly string[];

  private constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  static async make(hosts: readonly string[]): Promise<Namespaces> {
    await removeLeftOvers();
    const one = new Namespaces(hosts);
    try {
      const hub = await one.#add("switch");
      await ip("-n", hub, "link", "add", "name", "br0", "type", "bridge", "stp_state", "0");
      await ip("-n", hub, "link", "set", "dev", "br0", "up");
      for (const host of hosts) {
        const name = await one.#add(host);
        await ip("-n", hub, "link", "add", "name", host, "type", "veth", "peer", "name", "eth0", "netns", name);
        await ip("-n", hub, "link", "set", "dev", host, "master", "br0", "up");
        await ip("-n", name, "address", "add", `${one.addressOf(host)}/24`, "dev", "eth0");
        await ip("-n", name, "link", "set", "dev", "lo", "up");
        await ip("-n", name, "link", "set", "dev", "eth0", "up");
      }
    } catch (error) {
      await one[Symbol.asyncDispose]();
      throw error;
    }
    return one;
  }

  addressOf(host: string): string {
    return `${PREFIX}${this.#hosts.indexOf(host) + 1}`;
  }

  /** Starts a program on a host. `ip` becomes the program, so that signals reach it. */
  start(host: string, command: string, args: readonly string[], onLine: (line: string) => void): RunningProcess {
    return start("ip", ["netns", "exec", this.#nameOf(host), command, ...args], { onLine });
  }

  /** Pulls the cable of a host, or puts it in again. */
  async plug(host: string, state: "down" | "up"): Promise<void> {
    await ip("-n", this.#nameOf("switch"), "link", "set", "dev", host, state);
  }

  /** The processes in them must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#made.splice(0)) await ip("netns", "del", name);
  }

  #nameOf(host: string): string {
    return `${this.#name}-${host}`;
  }

  async #add(host: string): Promise<string> {
    const name = this.#nameOf(host);
    await ip("netns", "add", name);
    this.#made.push(name);
    return name;
  }
}

/** Of runs that were killed: their names have the process's id. */
async function removeLeftOvers(): Promise<void> {
  const { stdout } = await run("ip", ["netns", "list"]);
  for (const [name, pid] of stdout.matchAll(/^lab-(\d+)-\w+/gm)) {
    if (!existsSync(`/proc/${pid}`)) await ip("netns", "del", name);
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run("ip", args);
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}
