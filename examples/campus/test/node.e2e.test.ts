/** Two nodes as on two machines: a log in Redis, a secret, and only one that votes. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "@lab/broadcast";
import { TcpProxy } from "@lab/simnet";
import { expect } from "vitest";
import { startRedis } from "../../../packages/broadcast/test/engines/start-servers.js";
import { itWith } from "../../../test/components.js";
import { scratchFolder } from "../../../test/scratch.js";
import { hostAndPort } from "../src/addresses.js";
import { runNode } from "../src/node.js";
import { printer } from "../src/output.js";
import { digestOf } from "../src/tasks.js";

const RAKEFILE =
  "actionset1:\n\tremote-mkdir -p dist; tr a-z A-Z <a.txt >dist/b.txt\n\t\trequires a.txt\n\t\tproduces dist/b.txt\n";

itWith(
  "redis",
  "two nodes with a secret and a log in Redis build, fetch and push; who ends says so, and what fails is said",
  async () => {
    await using redis = await startRedis();
    await using elections = new TcpProxy({});
    await using rooms = new TcpProxy({});
    const at = async (proxy: TcpProxy): Promise<string> => `127.0.0.1:${(await proxy.listen()).port}`;
    const [members, room] = [{ a: await at(elections) }, { a: await at(rooms) }];
    const base = scratchFolder({ "d/project/Rakefile": RAKEFILE, "d/project/a.txt": "good morning\n" });
    for (const one of [base, join(base, "d")]) chmodSync(one, 0o711); // actions of nodes that are root have another user
    const lines: string[] = [];
    const waiting = new Set<() => void>();
    const said = async (line: string): Promise<void> => {
      const late = AbortSignal.timeout(20_000);
      late.addEventListener("abort", () => [...waiting].map((resolve) => resolve()));
      while (!lines.some((one) => one.includes(line))) {
        if (late.aborted) throw new Error(`nobody said ${line}:\n${lines.join("\n")}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    };
    const start = (id: string, ending: AbortController) => {
      const heard = (line: string): void => {
        lines.push(`${id}: ${line}`);
        for (const resolve of waiting) resolve();
      };
      const listener = printer(false, heard);
      const folder = join(base, id);
      mkdirSync(folder, { recursive: true });
      let begun: (room: Room) => void = () => {};
      const joined = new Promise<Room>((resolve) => (begun = resolve));
      const access = { secret: new TextEncoder().encode("0123456789abcdef") };
      const options = { id, members, rooms: room, log: redis.url, folder, project: join(folder, "project"), access };
      const where = { listen: "127.0.0.1:0", roomListen: "127.0.0.1:0", host: "127.0.0.1", routes: {} };
      const how = { slots: 1, preset: "fast", signal: ending.signal } as const;
      const ended = runNode(
        {
          ...options,
          ...where,
          ...how,
          listener: {
            ...listener,
            listening: (address) => void (id === "a" && elections.retarget(hostAndPort(address))),
            room: (address) => void rooms.retarget(hostAndPort(address)),
          },
        },
        begun,
      );
      return { joined, ended };
    };
    const [endA, endD] = [new AbortController(), new AbortController()];
    const a = start("a", endA);
    const d = start("d", endD);
    const ask = async (where: string, words: string): Promise<number> =>
      await (await a.joined).publish(JSON.stringify({ news: "asks", at: where, words }));
    await Promise.all([a.joined, d.joined]);
    await said("a leads epoch 1");
    for (const id of ["a", "d"]) await said(`${id} serves host 127.0.0.1`);
    await ask("d", "build");
    await said("d built hostsLost 0, retries 0");
    await ask("a", "fetch b.txt d");
    await said("a fetched name b.txt");
    const box = Number(/a serves .* box (\d+)/.exec(lines.join("\n"))?.[1]);
    await ask("d", `push b.txt 127.0.0.1:${box}`);
    await said("d pushed name b.txt");
    const files = ["d/project/dist", "a/fetched", "a/box"].map((folder) => digestOf(join(base, folder, "b.txt")));
    const [built, ...copies] = await Promise.all(files);
    expect(copies).toEqual([built, built]);
    await ask("a", "fetch c.txt d");
    await said("a failed words fetch c.txt d, why d does not offer c.txt");
    endD.abort();
    await d.ended;
    await said("d: leave");
    endA.abort();
    await a.ended;
  },
  60_000,
);
