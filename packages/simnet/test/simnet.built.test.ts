import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../test/process.js";
import { UdpPeer } from "./udp-peers.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";

function simnet(...args: string[]): RunningProcess {
  return start(join(PROJECT, "node_modules/.bin/simnet"), args);
}

describe("the packed command", () => {
  it("forwards datagrams, and says what happened when it is stopped", async () => {
    await using server = await UdpPeer.echo();
    await using client = await UdpPeer.open();
    const proxy = simnet("udp-proxy", "--to", String(server.port), "--to-server", "dup=1", "--seed", "7");
    await client.send(await proxy.port(), "hello");
    await client.hears(2);
    proxy.signal("SIGINT");
    const { code, stdout } = await proxy.exited;
    expect([code, client.texts]).toEqual([0, ["hello", "hello"]]);
    expect(stdout).toMatch(/doubled +1 +0\n/);
  });

  it("ends with a code and a line that say what was wrong", async () => {
    const wrong = await simnet("udp-proxy", "--to", "1", "--drop", "2").exited;
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
    expect(wrong.stderr).toMatch(/--drop .* '2' is invalid/);
  });

  it("says its version and its commands", async () => {
    expect((await simnet("--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await simnet("--help").exited;
    for (const command of ["udp-proxy", "tcp-proxy"]) expect(stdout).toContain(`  ${command}`);
  });
});
