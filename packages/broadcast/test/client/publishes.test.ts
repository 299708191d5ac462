/** What becomes of publishes: sent in order, once, again after a cut, and decided with a number or a reason. */
import { describe, expect, it } from "vitest";
import type { Entry, Message } from "../../src/core/index.js";
import { message, Scripted, textOf } from "./scripted.js";

/** "3: a b" for a PUBLISH of two, the first with client seq 3. */
function published(client: Scripted): string[] {
  return client
    .takeSaid()
    .filter((one): one is Extract<Message, { type: "publish" }> => one.type === "publish")
    .map(({ firstClientSeq, payloads }) => `${firstClientSeq}: ${payloads.map(textOf).join(" ")}`);
}

/** "1=5" for a number, "2!TOO_BIG" for a reason. */
function decided(client: Scripted): string[] {
  return client.take().flatMap((one) => {
    if (one.type === "published") return [`${one.id}=${one.number}`];
    return one.type === "publishFailed" ? [`${one.id}!${one.code}`] : [];
  });
}

const all = (client: Scripted, texts: string[], firstId = 1) =>
  client.tell({ type: "publishAll", firstId, payloads: texts.map((text) => new TextEncoder().encode(text)) });
const puback = (clientSeq: number, number: number, code: "ok" | "too big" = "ok"): Message => ({
  type: "puback",
  clientSeq,
  number,
  code,
});
const marker = (clientSeq: number): Entry => ({ kind: "marker", member: 1, clientSeq, bytes: Uint8Array.of(1) });

describe("B14, B32: publishes go out in order and learn their numbers", () => {
  it("those of one input are one frame, and one PUBACK decides a run", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b", "c"]);
    client.publish(4, "d");
    expect(published(client)).toEqual(["1: a b c", "4: d"]);
    client.server(puback(3, 12), puback(4, 20));
    expect(decided(client)).toEqual(["1=10", "2=11", "3=12", "4=20"]);
    expect(client.machine.view().publishes).toBe(0);
  });

  it("what is published before the WELCOME waits for it, and follows the session's last client seq", () => {
    const client = new Scripted();
    client.tell({
      type: "start",
      position: { clientId: "01".repeat(16), token: "0102030405060708090a0b0c0d0e0f10", epoch: 7, last: 3 },
    });
    client.attempt = 1;
    client.publish(1, "a");
    client.connect();
    expect(published(client)).toEqual([]);
    client.welcome({ status: "resumed", head: 3, resumeFrom: 4, lastClientSeq: 41, lastNumber: 2 });
    expect(published(client)).toEqual(["42: a"]);
  });

  it("a marker's PUBACK, and no other, says that it was too big", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b", "c"]);
    client.server(puback(1, 5), puback(2, 6, "too big"), puback(3, 7));
    expect(decided(client)).toEqual(["1=5", "2!TOO_BIG", "3=7"]);
  });

  it("B13: a PUBACK that is said again is nothing", () => {
    const client = new Scripted();
    client.open();
    client.publish(1, "a");
    client.server(puback(1, 5), puback(1, 5));
    expect(decided(client)).toEqual(["1=5"]);
    expect(client.machine.view().phase).toBe("open");
  });

  it.each<readonly [string, Message[]]>([
    ["of what was not sent", [puback(4, 9)]],
    ["with a run that begins before number 1", [puback(3, 2)]],
    ["with numbers that were given before", [puback(1, 5), puback(3, 6)]],
    ["of a run that is too big", [puback(2, 6, "too big")]],
    [
      "that says another number than the entry",
      [{ type: "batch", first: 1, entries: [message("a", 1)] }, puback(1, 2)],
    ],
  ])("B30: a PUBACK %s is a fault", (_name, messages) => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b", "c"]);
    client.server(...messages);
    expect(client.machine.view().phase).not.toBe("open");
  });

  it("the own entry decides as well as the PUBACK, and each is decided once", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b"]);
    client.batch(1, message("a", 1, 1), marker(2));
    client.server(puback(1, 1), puback(2, 2, "too big"));
    expect(decided(client)).toEqual(["1=1", "2!TOO_BIG"]);
  });

  it("a frame is not larger than every server takes, and what is too big is told at once", () => {
    const client = new Scripted();
    client.open({ maxMessageBytes: 1_000 });
    const long = "x".repeat(600);
    all(client, [long, long, long]);
    expect(client.takeSaid().filter(({ type }) => type === "publish")).toHaveLength(3);
    client.publish(4, "y".repeat(1_001));
    expect(decided(client)).toEqual(["4!TOO_BIG"]);
    const early = new Scripted();
    early.connect();
    all(early, ["y".repeat(1_001), "b"]);
    early.welcome({ maxMessageBytes: 1_000 });
    expect(published(early)).toEqual(["1: b"]);
    expect(decided(early)).toEqual(["1!TOO_BIG"]);
  });
});

describe("B16: the window", () => {
  it("so many are sent without a PUBACK, and more when it comes", () => {
    const client = new Scripted();
    client.open({ publishWindow: 2 });
    all(client, ["a", "b", "c", "d"]);
    expect(published(client)).toEqual(["1: a b"]);
    client.server(puback(1, 1));
    expect(published(client)).toEqual(["3: c"]);
    client.cut();
    client.open({ status: "resumed", head: 1, resumeFrom: 1, lastClientSeq: 1, lastNumber: 1, publishWindow: 2 });
    expect(published(client)).toEqual(["2: b c"]);
  });

  it("nothing is sent while the connection is full", () => {
    const client = new Scripted();
    client.open();
    client.tell({ type: "full", attempt: client.attempt });
    all(client, ["a"]);
    all(client, ["b"], 2);
    expect(published(client)).toEqual([]);
    client.tell({ type: "drained", attempt: client.attempt });
    expect(published(client)).toEqual(["1: a b"]);
  });
});

describe("B32: after a cut", () => {
  it("what the log has is dropped, the rest is sent again before anything new", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b", "c"]);
    client.takeSaid();
    client.cut();
    client.publish(4, "d");
    client.open({ status: "resumed", head: 6, resumeFrom: 1, lastClientSeq: 2, lastNumber: 6 });
    expect(published(client)).toEqual(["3: c d"]);
    expect(decided(client)).toEqual([]);
    client.batch(1, message("x"), message("a", 1, 1), message("y"), message("z"), message("w"), message("b", 1, 2));
    client.server(puback(4, 8));
    expect(decided(client)).toEqual(["1=2", "2=6", "3=7", "4=8"]);
  });

  it("the last one has its number from the WELCOME; one whose entry fell into the gap is NUMBER_LOST", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b"]);
    client.cut();
    client.open({ status: "gap", head: 9, firstRetained: 8, resumeFrom: 8, lastClientSeq: 2, lastNumber: 5 });
    expect(decided(client)).toEqual(["1!NUMBER_LOST", "2=5"]);
  });

  it("one before an own entry that came is lost, as is one in a later gap", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b", "c"]);
    client.cut();
    client.open({ status: "resumed", head: 9, resumeFrom: 1, lastClientSeq: 3, lastNumber: 9 });
    client.server({ type: "gap", from: 1, to: 3, reason: "slow" });
    client.batch(4, message("b", 1, 2));
    expect(decided(client)).toEqual(["1!NUMBER_LOST", "2=4"]);
    client.server({ type: "gap", from: 5, to: 9, reason: "slow" });
    expect(decided(client)).toEqual(["3=9"]);
  });

  it("one that was delivered before the cut is decided, and not again", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b"]);
    client.batch(1, message("a", 1, 1));
    expect(decided(client)).toEqual(["1=1"]);
    client.cut();
    client.open({ status: "resumed", head: 2, resumeFrom: 2, lastClientSeq: 2, lastNumber: 2 });
    client.batch(2, message("b", 1, 2));
    expect(decided(client)).toEqual(["2=2"]);
  });
});

describe("B34: of unknown outcome", () => {
  const expired = { status: "expired", member: 5, token: new Uint8Array(16).fill(9), head: 0, resumeFrom: 1 } as const;

  it("after an expiry what was sent is told as unknown, what was not is sent", () => {
    const client = new Scripted();
    client.open({ publishWindow: 2 });
    all(client, ["a", "b", "c"]);
    client.takeSaid();
    client.cut();
    client.open(expired);
    expect(decided(client)).toEqual(["1!UNKNOWN_OUTCOME", "2!UNKNOWN_OUTCOME"]);
    expect(published(client)).toEqual(["1: c"]);
  });

  it("B10: so too where another process has made the session anew, which the member number tells, with fewer publishes or as many", () => {
    for (const lastClientSeq of [0, 2]) {
      const client = new Scripted();
      client.open({ publishWindow: 2 });
      all(client, ["a", "b", "c"]);
      client.server(puback(1, 1));
      client.takeSaid();
      client.take();
      client.cut();
      client.open({ status: "resumed", member: 5, head: 1, resumeFrom: 1, lastClientSeq, lastNumber: lastClientSeq });
      expect(decided(client)).toEqual(["2!UNKNOWN_OUTCOME", "3!UNKNOWN_OUTCOME"]);
    }
  });

  it("with resend all are sent again behind new client seqs, in their order", () => {
    const client = new Scripted({ onUnknown: "resend" });
    client.open();
    all(client, ["a", "b", "c"]);
    client.server(puback(1, 1));
    client.takeSaid();
    client.take();
    client.cut();
    client.open({ ...expired, epoch: 8, status: "new epoch" });
    expect(published(client)).toEqual(["1: b c"]);
    client.server(puback(2, 2));
    expect(decided(client)).toEqual(["2=1", "3=2"]);
  });

  it("after a new epoch with the same session what its log has is not unknown, the rest is", () => {
    const client = new Scripted();
    client.open();
    all(client, ["a", "b"]);
    client.cut();
    client.open({ status: "new epoch", epoch: 8, head: 3, resumeFrom: 1, lastClientSeq: 1, lastNumber: 2 });
    expect(decided(client)).toEqual(["2!UNKNOWN_OUTCOME"]);
    client.batch(1, message("x"), message("a", 1, 1));
    expect(decided(client)).toEqual(["1=2"]);
    client.publish(3, "c");
    expect(published(client).at(-1)).toBe("2: c");
  });

  it("when the client gives up, what was sent is unknown and what was not is left", () => {
    const client = new Scripted();
    client.open({ publishWindow: 1 });
    all(client, ["a", "b"]);
    client.server({ type: "close", code: "TAKEN_OVER", text: "" });
    expect(decided(client)).toEqual(["1!UNKNOWN_OUTCOME", "2!LEFT"]);
    client.publish(3, "c");
    expect(decided(client)).toEqual(["3!LEFT"]);
  });
});

describe("B11: another process published in the session", () => {
  const ends = (client: Scripted) => client.take().flatMap((one) => (one.type === "ended" ? [one.code] : []));

  it.each(["resumed", "new epoch"] as const)(
    "a WELCOME (%s) with a last client seq above what was numbered ends it as taken over",
    (status) => {
      const client = new Scripted();
      client.open({ head: 1, resumeFrom: 2 });
      client.publish(1, "a");
      client.server(puback(1, 2));
      client.cut();
      client.take();
      const epoch = status === "resumed" ? {} : { epoch: 8 };
      client.open({ status, ...epoch, head: 3, resumeFrom: 2, lastClientSeq: 2, lastNumber: 3 });
      expect(ends(client)).toEqual(["TAKEN_OVER"]);
      expect(client.machine.view()).toMatchObject({ phase: "ended" });
    },
  );

  it("what it published and was not told of is unknown: the client seqs may be the other's", () => {
    const client = new Scripted();
    client.open({ head: 1, resumeFrom: 2 });
    all(client, ["a"]);
    client.cut();
    client.take();
    client.open({ status: "resumed", head: 3, resumeFrom: 2, lastClientSeq: 2, lastNumber: 3 });
    expect(decided(client)).toEqual(["1!UNKNOWN_OUTCOME"]);
  });

  it("one at or below what was numbered is its own", () => {
    const client = new Scripted();
    client.open({ head: 1, resumeFrom: 2 });
    all(client, ["a", "b"]);
    client.cut();
    client.take();
    client.open({ status: "resumed", head: 3, resumeFrom: 2, lastClientSeq: 2, lastNumber: 3 });
    expect(ends(client)).toEqual([]);
  });
});

describe("B35: how much may wait", () => {
  const holds = (client: Scripted) => client.take().flatMap(({ type }) => (/hold$/.test(type) ? [type] : []));

  it("messages: held at the bound, unheld at half of it", () => {
    const client = new Scripted({ maxUnsentMessages: 4 });
    client.open();
    all(client, ["a", "b", "c"]);
    expect(holds(client)).toEqual([]);
    client.publish(4, "d");
    expect(holds(client)).toEqual(["hold"]);
    client.server(puback(1, 1));
    expect(holds(client)).toEqual([]);
    client.server(puback(2, 2));
    expect(holds(client)).toEqual(["unhold"]);
  });

  it("bytes as well", () => {
    const client = new Scripted({ maxUnsentBytes: 10 });
    client.open();
    client.publish(1, "0123456789");
    expect(holds(client)).toEqual(["hold"]);
    client.server(puback(1, 1));
    expect(holds(client)).toEqual(["unhold"]);
  });

  it("B2: an observer may not publish", () => {
    const client = new Scripted({ observer: true });
    client.open({ member: 0, members: [] });
    client.publish(1, "a");
    expect(decided(client)).toEqual(["1!OBSERVER"]);
  });
});
