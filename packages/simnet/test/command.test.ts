/** The command line without a process: what it takes, and what it says of the rest. */
import { describe, expect, it } from "vitest";
import { runCommand } from "../src/cli/command.js";

async function simnet(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await runCommand(args, {
    stdout: { write: (text) => void stdout.push(text) },
    stderr: { write: (text) => void stderr.push(text) },
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

describe("the wrong command line", () => {
  it.each([
    ["N67: no server", ["udp-proxy"], /--to .* must say where the server is/],
    ["N67: no server", ["tcp-proxy", "--listen", "0"], /--to .* must say where the server is/],
    [
      "N67: a port",
      ["udp-proxy", "--to", "99999"],
      /'--to <\[host:\]port>' argument '99999' is invalid.*from 1 to 65535/,
    ],
    ["N67: a port of 0", ["udp-proxy", "--to", "0"], /'--to.* argument '0' is invalid/],
    ["N67: a word", ["tcp-proxy", "--to", "here"], /'--to.* argument 'here' is invalid.*PORT or HOST:PORT/],
    ["N67: a probability", ["udp-proxy", "--to", "1", "--drop", "2"], /'--drop <p>' argument '2' is invalid.*0 to 1/],
    ["N67: a percentage", ["udp-proxy", "--to", "1", "--dup", "101%"], /'--dup <p>' argument '101%' is invalid/],
    ["N67: a negative number", ["udp-proxy", "--to", "1", "--delay=-5"], /'--delay <ms>' argument '-5' is invalid/],
    ["N67: a rate of 0", ["udp-proxy", "--to", "1", "--rate", "0"], /'--rate <bytes\/s>' argument '0' is invalid/],
    ["N67: half a packet", ["udp-proxy", "--to", "1", "--queue", "1.5"], /'--queue <n>' argument '1.5' is invalid/],
    ["N67: a seed", ["udp-proxy", "--to", "1", "--seed", "abc"], /'--seed <n>' argument 'abc' is invalid/],
    ["N67: a list", ["udp-proxy", "--to", "1", "--to-server", "drop=x"], /drop=x: It must be a probability/],
    [
      "N67: a name",
      ["udp-proxy", "--to", "1", "--to-client", "loss=1"],
      /"loss=1" is not NAME=VALUE with a name of rate/,
    ],
    ["N67: a segment", ["tcp-proxy", "--to", "1", "--segment", "9-3"], /'--segment <bytes>' argument '9-3' is invalid/],
    ["N67: of UDP", ["tcp-proxy", "--to", "1", "--dup", "0.1"], /unknown option '--dup'/],
    ["N67: two cuts", ["tcp-proxy", "--to", "1", "--reset-after", "1", "--freeze-after", "1"], /exclude each other/],
    ["N67: a side", ["udp-proxy", "--to", "1", "--pcap-side", "left"], /'left' is invalid.*client, server, both/],
    ["N67: a command", ["proxy"], /unknown command 'proxy'/],
    ["N67: an argument", ["udp-proxy", "--to", "1", "more"], /too many arguments/],
  ])("%s: %j", async (_, args, message) => {
    const { code, stdout, stderr } = await simnet(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

it.each([[["--help"]], [["udp-proxy", "--help"]], [["tcp-proxy", "--help"]]])(
  "N67: %j says everything, with code 0",
  async (args) => {
    const { code, stdout } = await simnet(args);
    expect([code, /^Usage: simnet/.test(stdout)]).toEqual([0, true]);
  },
);
