/** What `rake hosts` asks, and how it shows the answers. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { hostsText, loadWords } from "../../src/cli/hosts-text.js";
import { HostProbe, type ProbedHost } from "../../src/core/host-probe.js";
import { probeHost } from "../../src/node/probe.js";
import { plainPlatform } from "../server/fake-platform.js";
import { facts } from "./reports.js";

const bid = { queueMs: 0, runMs: 500, transferMs: 0, chargeMs: 0 };

describe("hosts", () => {
  it("R62, R29: the load is what the bid says that a process more would get", () => {
    const load = (change: Partial<typeof bid>): string => loadWords({ facts, bid: { ...bid, ...change } });
    expect([load({}), load({ runMs: 1_000 }), load({ runMs: 5_000 }), load({ queueMs: 40 })]).toEqual([
      "free",
      "50% busy",
      "90% busy",
      "free, 40 ms queue",
    ]);
    expect(loadWords({ facts, refusal: { reason: "BUSY", text: "" } })).toBe("busy");
    expect(loadWords({ facts, refusal: { reason: "NOT_ALLOWED", text: "" } })).toBe("unknown");
  });

  it("stand in a table, those that are not there with the reason", () => {
    const rows: readonly { readonly address: string; readonly host: ProbedHost }[] = [
      { address: "a:1", host: { facts, bid } },
      { address: "long.name:6238", host: { why: "connect ECONNREFUSED\x07" } },
    ];
    expect(hostsText(rows)).toBe(
      "host  name  cores  slots  speed  load  sandbox  resources  toolchain\n" +
        "a:1   vm    2      2      2.00   free  bwrap    -          linux x64; cc 12.2\n" +
        "long.name:6238  is not there: connect ECONNREFUSED\\x07\n",
    );
    expect(hostsText(rows.slice(1))).toBe("long.name:6238  is not there: connect ECONNREFUSED\\x07\n");
  });

  it("R16: a host that is silent is waited for no longer than the options say", () => {
    const probe = new HostProbe({ connectMs: 100, helloMs: 50 }, plainPlatform());
    expect(probe.handle(0, { type: "tick" })).toEqual([]);
    expect(probe.nextDeadline()).toBe(100);
    expect(probe.handle(10, { type: "connected" })).toMatchObject([{ type: "send" }]);
    expect(probe.nextDeadline()).toBe(60);
    expect(probe.handle(60, { type: "tick" })).toEqual([{ type: "found", found: { why: "no WELCOME within 50 ms" } }]);
    expect(probe.nextDeadline()).toBeUndefined();
    expect(probe.handle(61, { type: "closed", why: "late" })).toEqual([]);
  });

  it("R15: nonsense is answered by a BYE, and told", () => {
    const probe = new HostProbe({}, plainPlatform());
    probe.handle(0, { type: "connected" });
    const out = probe.handle(1, { type: "data", bytes: new Uint8Array(8).fill(255) });
    expect(out.map(({ type }) => type)).toEqual(["send", "found"]);
  });

  it("R62: when the answer is there no timer is left that would keep the process", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const found = await probeHost({ host: "127.0.0.1", port: 1 });
    expect(found).toMatchObject({ why: expect.stringContaining("ECONNREFUSED") });
    expect(vi.getTimerCount()).toBe(0);
  });
});
