import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { start, startTypeScript } from "../../../test/process.js";
import { stay } from "../demo.js";
import { obey } from "../src/actions.js";
import { Cluster } from "../src/cluster.js";

const cwd = mkdtempSync(join(tmpdir(), "lab-example-"));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const MAIN = new URL("../src/main.ts", import.meta.url);

// Each mostly waits for processes to start and for leases to end.
describe.concurrent("a cluster", () => {
  it("freezes, thaws, cuts off and heals nodes; who comes back follows", async () => {
    await using cluster = new Cluster({ nodes: 3, mode: "quorum" });
    await cluster.start();
    const first = await cluster.agreement();
    const others = (leader: string): string[] => cluster.ids.filter((id) => id !== leader);
    await obey(cluster, `freeze ${first.leader}`);
    const second = await cluster.agreement(others(first.leader));
    expect(cluster.status(first.leader).process).toBe("frozen");
    await obey(cluster, `thaw ${first.leader}`);
    expect(await cluster.agreement()).toMatchObject({ leader: second.leader });
    await obey(cluster, `cut ${second.leader}`);
    const third = await cluster.agreement(others(second.leader));
    expect(third.epoch).toBeGreaterThan(second.epoch);
    expect(cluster.status(second.leader)).toMatchObject({ process: "running", isCutOff: true });
    await obey(cluster, `heal ${second.leader}`);
    expect(await cluster.agreement()).toMatchObject({ leader: third.leader });
  });

  it("stays with its dashboard at the end of the demo, until it is told to end", async ({ expect }) => {
    const controller = new AbortController();
    const said = new Promise<string>((resolve) => {
      void stay(controller.signal, resolve).then(() => resolve("ended"));
    });
    const [, address = ""] = /dashboard is on (http:\S+) until Ctrl-C$/.exec(await said) ?? [];
    expect((await fetch(address)).status).toBe(200);
    controller.abort();
    await expect.poll(() => fetch(address).catch(() => "gone"), { timeout: 10_000 }).toBe("gone");
  });

  it("does what standard input says, and leaves no node behind when it is interrupted", async () => {
    // A standard input that stays open, as a terminal's.
    const command = [
      "node",
      "--import",
      import.meta.resolve("tsx"),
      MAIN.pathname,
      "--nodes",
      "2",
      "--mode",
      "available",
    ];
    await using main = start("sh", ["-c", 'mkfifo in && exec "$@" 0<>in', "sh", ...command], { cwd });
    await main.line(/^dashboard on http:\/\/127\.0\.0\.1:\d+\/$/);
    appendFileSync(join(cwd, "in"), "kill a\nkill a\nfreeze z\nrestart a\nfreeze b\n");
    await main.line(/^a {2}dead /);
    await main.line(/^error: a does not run$/);
    await main.line(/^error: there is no node z, only a, b$/);
    await main.line(/^b {2}frozen /);
    main.signal("SIGINT");
    const { code, stdout } = await main.exited;
    expect(code).toBe(0);
    const urls = [...stdout.matchAll(/^([ab]) {2}running .* (http\S+)$/gm)].map(([, id, url]) => `${id} ${url}`);
    expect(new Set(urls).size).toBe(2); // `a` came back at the same dashboard
    for (const url of new Set(urls)) await expect(fetch(url.slice(2))).rejects.toThrow();
  });

  it("ends well when it is interrupted at its start", async () => {
    await using main = startTypeScript(MAIN, ["--nodes", "1"]);
    await main.line(/are being started/);
    main.signal("SIGINT");
    const { code, stdout } = await main.exited;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/all nodes are being ended\n$/)]);
  });

  it("says how it is used", async () => {
    const { code, stderr } = await startTypeScript(MAIN, ["--mode", "etcd"]).exited;
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^--mode is etcd\nusage: pnpm start \[--nodes/)]);
  });
});
