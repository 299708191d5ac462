import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EventLines } from "../../src/cli/event-lines.js";
import type { Elector, HostRow } from "../../src/core/index.js";

/** What lines the events give, the time cut off. */
function linesOf(isJson: boolean, act: (events: EventEmitter) => void): string[] {
  const events = new EventEmitter();
  const lines = new EventLines({ isJson, own: "a" });
  lines.follow(events as unknown as Elector);
  const written: string[] = [];
  events.emit("leader", { id: "z", address: "h:9", epoch: 1 }); // before it says where it listens
  lines.begin(["listening on h:1"], (line) => written.push(line));
  act(events);
  expect(written.shift()).toBe("listening on h:1");
  return written.map((line) => (isJson ? line : line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/, "")));
}

function rows(connected: readonly string[], disconnected: readonly string[] = []): HostRow[] {
  const row = (status: HostRow["status"]) => (id: string) => ({ id, status }) as HostRow;
  return [...connected.map(row("connected")), ...disconnected.map(row("disconnected"))];
}

describe("the lines of a node", () => {
  afterEach(() => void vi.useRealTimers());

  it("are words", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `h${index}`);
    const said = linesOf(false, (events) => {
      events.emit("leader", { id: "b\x1b", address: "h:2", epoch: 7 });
      events.emit("elected", { epoch: 8, id: "a" });
      events.emit("leader", { id: "a", address: "h:1", epoch: 8 });
      events.emit("hosts", rows(["a", "b"]));
      events.emit("hosts", rows(["b", "a"]));
      events.emit("hosts", rows(["a"], ["b"]));
      events.emit("hosts", rows(["a", ...many], ["b"]));
      for (const why of ["lease", "superseded", "renewed", "handedOver", "stopped"]) {
        events.emit("stepDown", { epoch: 8, id: "a" }, why);
      }
    });
    expect(said).toEqual([
      "z leads now (epoch 1)",
      "b\\x1b leads now (epoch 7)",
      "this node leads (epoch 8)",
      "connected: b (2 in all)",
      "disconnected: b (1 left)",
      "connected: h0, h1, h2, h3, h4, h5, h6, h7 and 992 more (1001 in all)",
      "this node no longer leads: lease lost (epoch 8)",
      "this node no longer leads: somebody leads with a higher token than its own, 8 of a",
      "this node ends its epoch, to lead on in a higher one (epoch 8)",
      "this node no longer leads: handed over (epoch 8)",
      "this node no longer leads: stopped (epoch 8)",
    ]);
  });

  it("say that nobody leads only where it lasts, and tokens where they are compared", () => {
    vi.useFakeTimers();
    const said = linesOf(false, (events) => {
      events.emit("leader", undefined);
      vi.advanceTimersByTime(199);
      events.emit("stepDown", { epoch: 2, id: "a" }, "superseded");
      events.emit("leader", { id: "c", address: "h:3", epoch: 2 });
      events.emit("leader", undefined);
      vi.advanceTimersByTime(200);
      events.emit("leader", { id: "b", address: "h:2", epoch: 3 });
    });
    expect(said).toEqual([
      "z leads now (epoch 1)",
      "this node no longer leads: somebody leads with a higher token than its own, 2 of a",
      "c leads now (token 2 of c)",
      "no leader is known",
      "b leads now (epoch 3)",
    ]);
  });

  it("say so where a leader resigns that has no hosts", () => {
    const said = linesOf(false, (events) => {
      events.emit("elected", { epoch: 8, id: "a" });
      events.emit("hosts", rows(["a"], ["b"]));
      events.emit("stepDown", { epoch: 8, id: "a" }, "handedOver");
    });
    expect(said.at(-1)).toBe("this node no longer leads: it resigned, and there is nobody to hand over to (epoch 8)");
  });

  it("are JSON, with both clocks", () => {
    const said = linesOf(true, (events) => {
      events.emit("elected", { epoch: 8, id: "a" });
      events.emit("leader", { id: "a", address: "h:1", epoch: 8 });
      events.emit("hosts", rows(["a", "b"]));
      events.emit("stepDown", { epoch: 8, id: "a" }, "lease");
      events.emit("leader", undefined);
    });
    const clocks = { at: expect.any(Number), ns: expect.stringMatching(/^\d+$/) };
    expect(said.map((line) => JSON.parse(line))).toEqual([
      { event: "leader", ...clocks, leader: { id: "z", address: "h:9", epoch: 1 } },
      { event: "elected", ...clocks, token: { epoch: 8, id: "a" } },
      { event: "leader", ...clocks, leader: { id: "a", address: "h:1", epoch: 8 } },
      { event: "hosts", ...clocks, joined: ["b"], lost: [], connected: 2 },
      { event: "stepDown", ...clocks, token: { epoch: 8, id: "a" }, why: "lease" },
      { event: "leader", ...clocks, leader: null },
    ]);
  });
});
