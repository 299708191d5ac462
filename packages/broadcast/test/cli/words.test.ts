/** What people are told, line by line. */
import { describe, expect, it } from "vitest";
import { noticeJson } from "../../src/cli/entry-json.js";
import { backLine, entryLine, noticeLine } from "../../src/cli/entry-words.js";
import { eventLine } from "../../src/cli/event-lines.js";
import { describeFailure, exitCodeOf, usageError } from "../../src/cli/exit-codes.js";
import { memberNames, ShownRoom } from "../../src/cli/shown-room.js";
import type { Notice } from "../../src/core/client-contract.js";
import type { ServerEvent } from "../../src/core/server-contract.js";
import { BroadcastError, ClosedError } from "../../src/index.js";

const bytes = (...of: number[]): Uint8Array => new Uint8Array(of);

describe("an entry", () => {
  it.each([
    [{ kind: "message", bytes: bytes(0x68, 0x69) }, "<ana> hi"],
    [{ kind: "join", bytes: bytes(0x61) }, "* ana joined"],
    [{ kind: "leave", bytes: bytes(0) }, "* ana left"],
    [{ kind: "leave", bytes: bytes(1) }, "* ana is gone: there was no connection for too long"],
    [{ kind: "marker", bytes: bytes(1) }, "* a message of ana was refused: it was too big"],
  ] as const)("%o", (entry, line) => {
    const whole = { number: 7, member: 3, name: "ana", ...entry };
    expect(entryLine(whole, false)).toBe(line);
    expect(entryLine(whole, true)).toBe(`#7 ${line}`);
    expect(entryLine({ ...whole, name: "" }, false)).toBe(line.replace("ana", "member 3"));
  });
});

describe("B30: a notice", () => {
  it.each<readonly [notice: Notice, line: string | undefined, isJson: boolean]>([
    [
      { type: "gap", from: 2, to: 9, reason: "slow" },
      "* gap: the numbers 2 to 9 will not come: this member was too slow",
      true,
    ],
    [
      { type: "epoch", previous: 5, epoch: 6, from: 10 },
      "* new epoch 6, it was 5: the server may have lost the end of its log; here it goes on with number 10",
      true,
    ],
    [
      { type: "epoch", previous: 5, epoch: 6, from: 1 },
      "* new epoch 6, it was 5: the log begins anew with number 1; what was said before is gone from the server",
      true,
    ],
    [{ type: "expired" }, "* the server had forgotten this member: it has a new session", true],
    [{ type: "snapshot", upTo: 4, bytes: bytes(1) }, "* a snapshot of all up to number 4, 1 bytes", true],
    [
      { type: "disconnected", why: "\x1b", retryInMs: 0 },
      "* connection lost: \\x1b; trying again until it is back",
      true,
    ],
    [{ type: "lag", behind: 1_001 }, "* 1001 behind", true],
    [{ type: "lag", behind: 0 }, "* caught up", true],
    [{ type: "stable", upTo: 4 }, undefined, false],
    [{ type: "acknowledged", upTo: 4 }, undefined, false],
    [{ type: "membership", change: "join", member: { member: 1, name: "a" }, number: 1 }, undefined, false],
  ])("%o", (notice, line, isJson) => {
    expect(noticeLine(notice, false)).toBe(line);
    const json = noticeJson(notice);
    expect(json === undefined ? undefined : JSON.parse(json).type).toBe(isJson ? notice.type : undefined);
  });

  it("of a connection that is back says how it goes on", () => {
    expect(backLine({ type: "welcome", status: "gap", member: 1, resumeFrom: 5, head: 9 })).toBe(
      "* connected again (gap): goes on with number 5, the newest is 9",
    );
  });
});

describe("a shown room", () => {
  const welcome: Notice = { type: "welcome", status: "fresh", member: 1, resumeFrom: 3, head: 4 };
  const message = {
    kind: "message",
    member: 1,
    name: "a",
    clientSeq: 1,
    bytes: bytes(0x78),
    own: true,
    silent: false,
    past: false,
  } as const;

  it("keeps lines until there is a screen, and knows how far it was shown", async () => {
    const lines: string[] = [];
    const shown = new ShownRoom({ numbers: false, acknowledgements: false });
    shown.notice(welcome);
    shown.entry({ ...message, number: 3 });
    shown.begin((line) => lines.push(line), "first");
    const reached = shown.reached(4).then(() => lines.push("reached"));
    shown.notice({ type: "gap", from: 4, to: 4, reason: "slow" });
    await reached;
    expect(lines).toEqual(["first", "<a> x", expect.stringMatching(/^\* gap: the numbers 4 to 4/), "reached"]);
  });

  it("B26: waits for no number of an epoch that has ended", async () => {
    const shown = new ShownRoom({ numbers: false, acknowledgements: false });
    shown.notice(welcome);
    const reached = shown.reached(4);
    shown.notice({ type: "epoch", previous: 1, epoch: 2, from: 1 });
    await reached;
    expect(shown.epochs).toBe(1);
  });

  it("tells of a lag where it is none of the history that was asked for", () => {
    const lines: string[] = [];
    const shown = new ShownRoom({ numbers: false, acknowledgements: false });
    shown.begin((line) => lines.push(line));
    shown.notice(welcome);
    for (const behind of [2, 0]) shown.notice({ type: "lag", behind });
    expect(lines).toEqual([]);
    shown.entry({ ...message, number: 3 });
    shown.entry({ ...message, number: 4 });
    for (const behind of [2_000, 0]) shown.notice({ type: "lag", behind });
    expect(lines.slice(2)).toEqual(["* 2000 behind", "* caught up"]);
  });

  it("names as many as fit a line", () => {
    const members = Array.from({ length: 22 }, (_, i) => ({ member: i + 1, name: `n${i}\x07` }));
    expect(memberNames(members)).toMatch(/^n0\\x07, .* n19\\x07 and 2 more$/);
  });
});

describe("an event of a server", () => {
  it.each<readonly [event: ServerEvent, words: RegExp | undefined]>([
    [{ type: "joined", room: "r", member: 1, name: "a", number: 2 }, / {2}r: a joined as member 1, number 2$/],
    [
      { type: "left", room: "r", member: 1, name: "a", number: 2, reason: "timed out" },
      / {2}r: a, member 1, timed out, number 2$/,
    ],
    [{ type: "lagging", room: "r", connection: 4, behind: 9 }, / {2}r: connection 4 does not keep up, 9 behind$/],
    [{ type: "live", room: "r", connection: 4 }, / {2}r: connection 4 has caught up$/],
    [{ type: "gap", room: "r", connection: 4, from: 1, to: 2 }, / {2}r: connection 4 will not get the numbers 1 to 2$/],
    [{ type: "epoch", room: "r", epoch: 5, goesOn: true, head: 6 }, / {2}r: epoch 5 goes on behind number 6$/],
    [{ type: "epoch", room: "r", epoch: 5, goesOn: false, head: 6 }, / {2}r: epoch 5 begins behind number 6$/],
    [{ type: "closed", connection: 4, code: "SLOW", why: "" }, / {2}connection 4 was closed: SLOW$/],
    [
      { type: "closed", connection: 4, code: "FULL", why: "no\nroom" },
      / {2}connection 4 was closed: FULL, no\\x0aroom$/,
    ],
    [{ type: "trouble", room: "r", message: "m" }, / {2}r: trouble: m$/],
    [{ type: "committed", room: "r", first: 1, count: 2, bytes: 3 }, undefined],
    [{ type: "stable", room: "r", upTo: 4 }, undefined],
  ])("%o", (event, words) => {
    const line = eventLine(event, false);
    if (words === undefined) expect(line).toBe(undefined);
    else expect(line).toMatch(words);
    const { type, ...fields } = event;
    expect(JSON.parse(eventLine(event, true) ?? "")).toEqual({ event: type, at: expect.any(Number), ...fields });
  });
});

describe("how the command ends", () => {
  const caused = (code: string, cause: object): BroadcastError =>
    new BroadcastError(code, "said", { cause: Object.assign(new Error("cause"), cause) });

  it.each<readonly [title: string, error: unknown, code: number, line: RegExp]>([
    ["a wrong command line", usageError("no"), 2, /^broadcast: no\n$/],
    [
      "an option of the library, in the words of the command",
      new RangeError("window is 0, but"),
      2,
      /^broadcast: --window is 0, but\n$/,
    ],
    ["an error of Node", Object.assign(new TypeError("no URL"), { code: "ERR" }), 1, /^broadcast: no URL\n$/],
    ["no server", new ClosedError("UNREACHABLE", "refused"), 3, /^broadcast: refused; is a server running there\?/],
    ["no Redis, which is no missing server", caused("LOG", { code: "UNREACHABLE" }), 1, /^broadcast: said\n$/],
    [
      "a log in use",
      caused("LOG", { code: "LOCKED" }),
      1,
      /; another --log has room, or the server that runs can be asked/,
    ],
    ["a port that is taken", caused("LISTEN", { code: "EADDRINUSE" }), 1, /; port 0 takes a free one\n$/],
    ["words of a server", new ClosedError("FULL", "\x1b[2J"), 1, /^broadcast: \\x1b\[2J; the server takes no more\n$/],
    ["something else", "thrown", 1, /^broadcast: thrown\n$/],
  ])("%s", (_title, error, code, line) => {
    expect([exitCodeOf(error), describeFailure(error)]).toEqual([code, expect.stringMatching(line)]);
  });
});
