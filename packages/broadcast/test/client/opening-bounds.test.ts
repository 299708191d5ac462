/** What a client takes from a server before and in its WELCOME (docs/broadcast.md B10, B33). */
import { expect, it } from "vitest";
import { decode, encode, type Member, type Welcome } from "../../src/core/index.js";
import { message, Scripted } from "./scripted.js";

const whys = (client: Scripted): string[] =>
  client.take().flatMap((one) => (one.type === "notice" && one.notice.type === "disconnected" ? [one.notice.why] : []));

const members = (count: number, from = 1): Member[] =>
  Array.from({ length: count }, (_, index) => ({ member: from + index, name: `m${from + index}` }));

it("B33: a server that is heard, but never says WELCOME, is given up after welcomeMs, each time as a failed attempt", () => {
  const client = new Scripted({ welcomeMs: 20_000, maxAttempts: 2 });
  for (const attempt of [1, 2]) {
    client.connect();
    const begun = client.now;
    for (let second = 1; second < 20; second++) {
      client.now = begun + second * 1_000;
      client.server({ type: "ping", nonce: second });
      client.tell({ type: "tick" });
      expect(client.machine.view().phase).toBe("opening");
    }
    expect(client.machine.nextDeadline()).toBe(begun + 20_000);
    client.wake();
    if (attempt === 2) break;
    expect(whys(client)).toEqual(["no WELCOME within 20000 ms"]);
    client.wake();
  }
  expect(client.take().at(-1)).toEqual({ type: "ended", code: "UNREACHABLE", message: "no WELCOME within 20000 ms" });
});

it("B33: behind the WELCOME that time counts for nothing", () => {
  const client = new Scripted({ welcomeMs: 1_000 });
  client.open({ heartbeatMs: 100_000 });
  client.now += 50_000;
  client.tell({ type: "tick" });
  expect(client.machine.view().phase).toBe("open");
});

it("B10: a WELCOME of more members than maxListedMembers is the server's fault, and none of them is decoded", () => {
  const client = new Scripted({ maxListedMembers: 3 });
  client.open({ members: members(3) });
  expect(client.machine.view().phase).toBe("open");
  client.cut();
  client.take();
  client.connect();
  // The count alone says it: what would follow is not there.
  const welcome = { status: "resumed", epoch: 7, token: new Uint8Array(16), member: 1, head: 0 } as const;
  const rest = { firstRetained: 1, resumeFrom: 1, lastClientSeq: 0, lastNumber: 0, ackEvery: 64, ackAfterMs: 20 };
  const limits = { heartbeatMs: 5_000, maxMessageBytes: 1_000, publishWindow: 256, members: [] };
  const bytes = encode({ type: "welcome", ...welcome, ...rest, ...limits } satisfies Welcome);
  expect(decode(bytes.subarray(8), "server").type).toBe("welcome");
  bytes[bytes.length - 1] = 4;
  client.tell({ type: "data", attempt: client.attempt, bytes });
  expect(whys(client)).toEqual([
    "the server broke the protocol: a WELCOME of 4 members, more than maxListedMembers, 3",
  ]);
  expect(client.machine.view().phase).not.toBe("ended");
});

it("B10: joins beyond maxListedMembers are the server's fault, and those between two full lists are not", () => {
  const join = (member: number) => ({ ...message(`m${member}`, member, 0), kind: "join" }) as const;
  const leave = (member: number) => ({ kind: "leave", member, clientSeq: 0, bytes: Uint8Array.of(0) }) as const;
  const client = new Scripted({ maxListedMembers: 2 });
  client.open({ members: members(2) });
  client.cut();
  // Meanwhile 2 left, 3 came and left, and 4 came: never more than two at a time.
  client.open({ status: "resumed", head: 4, resumeFrom: 1, members: [...members(1), ...members(1, 4)] });
  client.batch(1, leave(2), join(3), leave(3), join(4));
  expect(client.machine.view().phase).toBe("open");
  expect(client.machine.view().members.map(({ member }) => member)).toEqual([1, 4]);
  client.take();
  client.batch(5, join(5));
  const why = whys(client);
  expect(why).toEqual(["the server broke the protocol: more members than maxListedMembers, 2"]);
});

it("B5: a frame above 16 MiB is named in this package's words", () => {
  const client = new Scripted();
  client.open();
  client.take();
  const header = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 1);
  client.tell({ type: "data", attempt: client.attempt, bytes: header });
  expect(whys(client)).toEqual(["the server broke the protocol: a frame of more than 16777216 bytes"]);
});
