/** Files through the real proxy, which drops, duplicates, reorders and corrupts at once. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UdpProxy, type UdpProxyOptions } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import { atTestEnd, eachBeside } from "../../../../test/beside.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, put, serve } from "../../src/index.js";
import { content } from "./content.js";

const HOSTILE: UdpProxyOptions["toServer"] = {
  latencyMs: 1,
  drop: 0.1,
  duplicate: 0.1,
  duplicateMs: 5,
  reorder: 0.1,
  reorderMs: 5,
  corrupt: 0.1,
};

/** A folder, and one in it that is served. */
function folders(): { readonly base: string; readonly served: string } {
  const base = scratchFolder();
  const served = join(base, "served");
  mkdirSync(served);
  return { base, served };
}

async function behindProxy(
  served: string,
  seed: number,
  impairments: UdpProxyOptions["toServer"],
): Promise<UdpProxy & { readonly port: number }> {
  const { server, port } = await serve({ directory: served, port: 0, writable: true });
  const proxy = new UdpProxy({ to: { host: "127.0.0.1", port }, toServer: impairments, seed });
  const at = await proxy.listen();
  atTestEnd(async () => {
    await proxy.close();
    await server.close();
  });
  return Object.assign(proxy, { port: at.port });
}

describe.concurrent("S54: 10 % drop, duplication, reordering and corruption at once", () => {
  it.for([
    { operation: "get", window: 1, seed: 1 },
    { operation: "get", window: 8, seed: 2 },
    { operation: "put", window: 1, seed: 3 },
    { operation: "put", window: 8, seed: 4 },
  ] as const)(
    "a $operation by version 2, window $window",
    eachBeside(async ({ operation, window, seed }) => {
      const { base, served } = folders();
      const proxy = await behindProxy(served, seed, HOSTILE);
      const bytes = content(100_000, seed);
      const options = {
        port: proxy.port,
        window,
        blockBytes: 1376,
        minRtoMs: 10,
        initialRtoMs: 100,
        stateFolder: join(base, "state"),
      };
      if (operation === "get") {
        writeFileSync(join(served, "a"), bytes);
        await get({ ...options, name: "a", to: join(base, "a") });
      } else {
        writeFileSync(join(base, "a"), bytes);
        await put({ ...options, from: join(base, "a") });
      }
      const arrived = readFileSync(join(operation === "get" ? base : served, "a"));
      expect(Buffer.from(bytes).equals(arrived)).toBe(true);
      for (const direction of ["to-server", "to-client"] as const) {
        const { lost, duplicated, reordered, corrupted } = proxy.counters(direction);
        for (const count of [lost.drop, duplicated, reordered, corrupted]) expect(count).toBeGreaterThan(0);
      }
    }),
  );

  it.for(["get", "put"] as const)(
    "a %s by version 1, without corruption, which it cannot see",
    eachBeside(async (operation) => {
      const { base, served } = folders();
      const proxy = await behindProxy(served, 7, { ...HOSTILE, corrupt: 0 });
      const bytes = content(5_050, 7);
      const options = { port: proxy.port, version: 1, retransmitMs: 30, retransmissions: 50 } as const;
      if (operation === "get") {
        writeFileSync(join(served, "a"), bytes);
        await get({ ...options, name: "a", to: join(base, "a") });
      } else {
        writeFileSync(join(base, "a"), bytes);
        await put({ ...options, from: join(base, "a") });
      }
      expect(Buffer.from(bytes).equals(readFileSync(join(operation === "get" ? base : served, "a")))).toBe(true);
    }),
  );
});
