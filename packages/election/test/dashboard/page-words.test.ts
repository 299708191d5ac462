/** What the page says in words, and in colours: when the leader is silent, when nobody leads, and when the page has moved. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createElection } from "../../src/core/index.js";
import { COLOURS, coloursOf } from "../../src/web/colours.js";
import { timeOfDay } from "../../src/web/format.js";
import { parseShown } from "../../src/web/incoming.js";
import { type ConnectionState, follow, type Listening, moveWords, NOT_YET } from "../../src/web/moves.js";
import { pageUrl } from "../../src/web/page-url.js";
import { NO_HOSTS, type SeenHosts, seeTable, shownHosts } from "../../src/web/seen-hosts.js";
import { silenceOf } from "../../src/web/silence.js";
import type { ShownState, ShownTable } from "../../src/web/state.js";
import { sourceWords } from "../../src/web/table-words.js";
import { waitingWords } from "../../src/web/waiting.js";
import { plainPlatform } from "../plain-platform.js";
import { hostRow } from "./shown-elector.js";

function state(more: Partial<ShownState> = {}, node: Partial<ShownState["node"]> = {}): ShownState {
  return {
    at: 0,
    cluster: "lab",
    mode: "quorum",
    node: { id: "c", address: "c:1", url: "http://c:1/", role: "follower", epoch: 1, warnings: [], ...node },
    leader: { id: "a", address: "a:1", epoch: 1 },
    fallbacks: [],
    lease: { of: "leader", leaseMs: 1_000, remainingMs: 900 },
    pages: [],
    ...more,
  };
}

function table(by: string, epoch: number, ...ids: string[]): ShownTable {
  const rows = ids.map((id, index) => hostRow(id, { rank: index + 1, isLeader: id === by }));
  return { by, epoch, total: rows.length, connected: rows.length, rows };
}

describe("a leader that does not answer", () => {
  const silence = { forMs: 400, why: "nobody listens there" };

  it("is silent since its last word, however long ago the node said so", () => {
    expect(silenceOf(state(), 10_000, true)).toBeUndefined();
    expect(silenceOf(state({ silence }), 10_000, true)).toEqual({ since: 9_600, why: "nobody listens there" });
    expect(silenceOf(state({ silence, leader: undefined }), 10_000, true)).toBeUndefined();
  });

  it("is silent at once for a page that listens to the leader itself", () => {
    const own = state({}, { id: "a", role: "leader" });
    expect(silenceOf(own, 10_000, true)).toBeUndefined();
    expect(silenceOf(own, 10_000, false)).toMatchObject({ since: 10_000 });
    expect(silenceOf(state(), 10_000, false)).toBeUndefined(); // it is the node that is gone; of the leader nothing is known
  });
});

describe("without a leader the page says what the node does", () => {
  it.each<[Partial<ShownState["node"]>, string[], string]>([
    [
      { role: "quarantine", quarantineMs: 5_100 },
      [],
      "c is quiet for another 4.1 s after a restart: it may have promised its vote.",
    ],
    [{ role: "leaderless" }, ["a", "b"], "c asks a, b who leads, and waits for its turn."],
    [{ role: "leaderless" }, [], "c asks the addresses that it was told who leads, and waits for its turn."],
    [
      { role: "leaderless", id: "" },
      ["a", "b", "d", "e", "f"],
      "This node asks a, b, d and 2 more who leads, and waits for its turn.",
    ],
    [{ role: "prevote" }, [], "c asks the members whether they would vote for it."],
    [{ role: "candidate" }, [], "c asks the members for votes."],
    [{ role: "released" }, [], "c has handed over, and leads again if nobody takes over."],
    [{ role: "stopped" }, [], "c is stopped."],
  ])("%o, beside %j: %s", (node, others, words) => {
    expect(waitingWords(state({ leader: undefined }, node), others, 1_000)).toBe(words);
  });

  it("a machine tells how long its quarantine lasts yet", () => {
    const members = ["a", "b", "c"].map((id, index) => ({ id, address: `127.0.0.1:${index + 1}` }));
    const machine = createElection(
      { mode: "quorum", id: "a", address: "127.0.0.1:1", members, platform: plainPlatform("quarantine") },
      { epoch: 3, holder: "b", id: "a" },
    );
    machine.handle({ mono: 0, wall: 0 }, { type: "start" });
    const whole = machine.view({ mono: 0, wall: 0 }).quarantineMs ?? 0;
    expect(whole).toBeGreaterThanOrEqual(1_000);
    expect(machine.view({ mono: 300, wall: 300 }).quarantineMs).toBeCloseTo(whole - 300);
    machine.handle({ mono: whole + 1, wall: whole + 1 }, { type: "tick" });
    expect(machine.view({ mono: whole + 1, wall: whole + 1 }).quarantineMs).toBeUndefined();
  });
});

describe("whose table it is", () => {
  const words = (seen: SeenHosts, told: ShownState, at: number): string =>
    sourceWords(shownHosts(seen, told, [], at), seen, told, at);
  const first = seeTable(NO_HOSTS, table("a", 1, "a", "b", "c", "d", "e"), 0);

  it("counts every row that is shown", () => {
    expect(words(first, state(), 0)).toBe("5 of 5 connected, as a sees them");
    const next = seeTable(first, table("a", 1, "a", "b", "c", "d"), 1);
    expect(words(next, state(), 10_000)).toBe("4 of 5 connected, as a sees them");
    const cut = { ...table("a", 1, "a", "b"), total: 9, connected: 7 };
    expect(words(seeTable(NO_HOSTS, cut, 0), state(), 0)).toBe("7 of 9 connected, as a sees them");
  });

  it("E69 is the former leader's, as last known, until the next one's comes", () => {
    const leader = { id: "b", address: "b:1", epoch: 2 };
    const moved = state({ leader, source: { by: "a", epoch: 1, ageMs: 28_000 } });
    expect(words(first, moved, 17_000)).toBe(
      "4 of 5 connected as last known, by a 17 s ago; b leads now, and its table has not come yet",
    );
    expect(shownHosts(first, moved, [], 17_000).map(({ id, isLastKnown }) => [id, isLastKnown])).toContainEqual([
      "c",
      true,
    ]);
    const come = seeTable(first, table("b", 2, "b", "c", "d", "e"), 18_000);
    expect(words(come, moved, 18_000)).toBe("4 of 5 connected, as b sees them");
    expect(shownHosts(come, moved, [], 18_000).every(({ isLastKnown }) => !isLastKnown)).toBe(true);
  });

  it("is as old as the node says where it is the one that the node has", () => {
    const told = state({ leader: undefined, source: { by: "a", epoch: 1, ageMs: 3_000, problem: "nobody leads" } });
    expect(words({ ...first, asOf: 7_000 }, told, 10_000)).toBe(
      "4 of 5 connected as last known, by a 3.0 s ago: nobody leads",
    );
  });
});

describe("a page that moves", () => {
  const live = (url: string): ConnectionState => ({ status: "live", url, attempt: 0 });
  const lost = (url: string): ConnectionState => ({ status: "connecting", url, attempt: 1 });
  const a = "http://127.0.0.1:8080/";
  const b = "http://127.0.0.1:8081/";
  const after = (...states: ConnectionState[]): Listening =>
    states.reduce((known, one, index) => follow(known, one, 1_000 * index), NOT_YET);

  it("says nothing while it hears the first node", () => {
    expect(moveWords(after(lost(a)), undefined)).toBeUndefined();
    expect(moveWords(after(lost(a), live(a), live(a)), "a")).toBeUndefined();
    expect(moveWords(after(live(a), lost(a), live(a)), "a")).toBeUndefined();
  });

  it("says that it hears nobody, since when, and then whom it hears instead", () => {
    expect(moveWords(after(live(a), lost(b), lost(a)), "a")).toBe(
      `127.0.0.1:8080 does not answer since ${timeOfDay(1_000)}; what is shown is the last that was heard. Asking the others.`,
    );
    expect(moveWords(after(live(a), lost(b), live(b), live(b)), "b")).toBe(
      `127.0.0.1:8080 does not answer any more; now listening to b at 127.0.0.1:8081, since ${timeOfDay(2_000)}.`,
    );
  });
});

describe("colours", () => {
  it("are the same for the same hosts in whatever order they are met, and apart while there are enough", () => {
    const ids = Array.from({ length: COLOURS }, (_, index) => `h${index}`);
    const colours = coloursOf(ids);
    expect(coloursOf([...ids].reverse())).toEqual(colours);
    expect(new Set(colours.values()).size).toBe(COLOURS);
    const many = coloursOf(Array.from({ length: 100 }, (_, index) => `h${index}`));
    expect([...many.values()].every((colour) => colour >= 0 && colour < COLOURS)).toBe(true);
  });

  it("have the contrast that WCAG 2.2 asks for: 4.5 to their words, 3 to the card in light and dark", () => {
    const css = readFileSync(join(import.meta.dirname, "../../src/web/dashboard.css"), "utf8");
    const cards = [...css.matchAll(/--card: (#\w{6})/g)].map(([, colour]) => colour ?? "");
    const bands = [...css.matchAll(/--band-(\d+): (#\w{6})/g)].map(([, , colour]) => colour ?? "");
    const [words = ""] = [...css.matchAll(/--on-band: (#\w{6})/g)].map(([, colour]) => colour);
    expect([cards.length, bands.length]).toEqual([2, COLOURS]);
    for (const band of bands) {
      expect(contrast(band, words)).toBeGreaterThanOrEqual(4.5);
      for (const card of cards) expect(contrast(band, card)).toBeGreaterThanOrEqual(3);
    }
  });
});

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("what hosts say of themselves", () => {
  it("E69 is shown with everything that is not plainly visible as an escape", () => {
    const said = { id: "a\u202eb\u001b[2J", rows: [{ hostName: "\u200bx\u0000<b>\u009b" }] };
    expect(parseShown(JSON.stringify(said))).toEqual({
      id: "a\\u{202e}b\\x1b[2J",
      rows: [{ hostName: "\\u{200b}x\\x00<b>\\x9b" }],
    });
  });

  it.each([
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/"],
    ["https://lab.example/path?x#y", "https://lab.example/"],
    ["javascript:alert(1)", undefined],
    [" JavaScript:alert(1)", undefined],
    ["java\nscript:alert(1)", undefined],
    ["data:text/html,<script>alert(1)</script>", undefined],
    ["file:///etc/passwd", undefined],
    ["blob:http://127.0.0.1/x", undefined],
    ["//evil.example", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("E69 %j as the address of a dashboard is a link to %j", (said, link) => {
    expect(pageUrl(said)).toBe(link);
  });
});
