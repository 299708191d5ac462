import { fc, it as prop } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type Address, StopwaitServer, V1GetClient, V1PutClient, V2GetClient, V2PutClient } from "../src/core/index.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { bytes, isSame } from "./v2-transfers.js";
import { V2World } from "./v2-world.js";

const SERVER: Address = { host: "127.0.0.1", port: 50_001 };
const at = (port: number): Address => ({ host: "127.0.0.1", port });

function world() {
  const disk = new MemoryDisk({ files: { a: bytes(250) } });
  const server = new StopwaitServer({ platform: plainPlatform("server"), writable: true });
  const here = new V2World();
  here.add(SERVER, server, disk);
  return { here, server, disk };
}

describe("one server for both formats", () => {
  it("S30: clients of v1 and v2 fetch and store side by side, their effects told apart", () => {
    const { here, server, disk } = world();
    const client = (localName: string, remoteName = localName) => {
      return { server: SERVER, localName, remoteName, platform: plainPlatform(localName) };
    };
    const disks = [1, 2, 3, 4].map((seed) => new MemoryDisk({ files: { [`b${seed}`]: bytes(250, seed) } }));
    const [one, two, three, four] = disks as [MemoryDisk, MemoryDisk, MemoryDisk, MemoryDisk];
    here.add(at(1), new V1GetClient(client("a")), one);
    here.add(at(2), new V2GetClient({ ...client("a"), blockBytes: 76 }), two);
    here.add(at(3), new V1PutClient(client("b3")), three);
    here.add(at(4), new V2PutClient({ ...client("b4"), blockBytes: 76 }), four);
    here.run({ done: () => server.liveSessions === 4 });
    here.run();
    for (const port of [1, 2, 3, 4])
      expect(here.outcome(at(port)), `client ${port}`).toMatchObject({ type: "success" });
    expect(isSame(one.read("a"), bytes(250)) && isSame(two.read("a"), bytes(250))).toBe(true);
    expect(isSame(disk.read("b3"), bytes(250, 3)) && isSame(disk.read("b4"), bytes(250, 4))).toBe(true);
    expect([server.liveSessions, server.nextDeadline(), disk.openFiles, disk.partKeys]).toEqual([0, undefined, 0, []]);
  });

  prop.prop([fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 30 })])(
    "S58: arbitrary bytes never throw, and open nothing",
    (datagrams) => {
      const { server } = world();
      const before = server.v2.fingerprint(0);
      for (const datagram of datagrams) {
        if ((datagram[0] ?? 0) < 0x80) continue; // v1 has requests of any bytes
        const outputs = server.handle(0, { type: "datagram", from: at(9), bytes: datagram });
        expect(outputs.length).toBeLessThanOrEqual(1);
      }
      expect(server.v2.fingerprint(0)).toBe(before);
    },
  );

  it("S52: it stops as a whole", () => {
    const { here, server, disk } = world();
    here.add(
      at(2),
      new V2GetClient({ server: SERVER, localName: "a", remoteName: "a", platform: plainPlatform() }),
      new MemoryDisk(),
    );
    here.run({ done: () => server.liveSessions === 1 });
    here.give(SERVER, { type: "stop" });
    expect([server.liveSessions, server.nextDeadline()]).toEqual([0, undefined]);
    here.run(); // the source is opened only now
    expect(disk.openFiles).toBe(0);
  });
});
