/** The loop between a machine and the world, with a socket and files that do as they are told. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ClientOutput, FileEffect, FileResult, TransferInput } from "../../src/core/contract.js";
import { type Drivable, MachineLoop } from "../../src/node/machine-loop.js";

const PEER = { host: "127.0.0.1", port: 9 };

/** A machine that notes what it is told, and says what the test wants it to say. */
class Scripted implements Drivable<ClientOutput> {
  readonly told: string[] = [];
  deadline: number | undefined;
  answer: (input: TransferInput) => readonly ClientOutput[] = () => [];

  handle(_now: number, input: TransferInput): readonly ClientOutput[] {
    this.told.push(input.type === "datagram" ? `datagram ${input.bytes[0]}` : input.type);
    return this.answer(input);
  }

  nextDeadline(): number | undefined {
    return this.deadline;
  }
}

class FakeSocket {
  isBlocked = false;
  readonly sent: number[] = [];

  send(bytes: Uint8Array): void {
    this.sent.push(bytes[0] ?? -1);
  }
}

let machine: Scripted;
let socket: FakeSocket;
let performed: FileEffect[];
let result: FileResult | undefined;
let reports: string[];
let loop: MachineLoop<ClientOutput>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  machine = new Scripted();
  socket = new FakeSocket();
  performed = [];
  result = undefined;
  reports = [];
  const files = {
    perform: (effect: FileEffect): FileResult | undefined => {
      performed.push(effect);
      return result;
    },
  };
  loop = new MachineLoop<ClientOutput>(machine, socket, files, (report) => reports.push(report.type));
});

afterEach(() => {
  loop.stop();
  vi.useRealTimers();
});

function datagram(first: number): TransferInput {
  return { type: "datagram", from: PEER, bytes: Uint8Array.of(first) };
}

it("S86: outputs are done in order, and a result that is there at once comes after all of them", () => {
  result = { type: "source-same", id: 1 };
  machine.answer = (input) =>
    input.type === "datagram"
      ? [
          { type: "check-source", id: 1, source: 1 },
          { type: "datagram", to: PEER, bytes: Uint8Array.of(7) },
          { type: "progress", bytes: 1, total: 2 },
        ]
      : [];
  loop.feed(datagram(1));
  expect([machine.told, socket.sent, reports]).toEqual([["datagram 1", "source-same"], [7], ["progress"]]);
});

it("S86: what happens while the machine is being told waits its turn", () => {
  machine.answer = (input) => {
    if (input.type !== "datagram") return [];
    loop.feed({ type: "source-same", id: 1 });
    return [{ type: "datagram", to: PEER, bytes: Uint8Array.of(7) }];
  };
  loop.feed(datagram(1));
  expect(machine.told).toEqual(["datagram 1", "source-same"]);
});

it("S86: while the send queue is full the machine is told nothing; then all, in order; datagrams above 256 are lost", () => {
  socket.isBlocked = true;
  for (let index = 0; index < 300; index++) loop.feed(datagram(index % 256));
  loop.feed({ type: "source-same", id: 1 });
  expect(machine.told).toEqual([]);
  socket.isBlocked = false;
  loop.resume();
  expect(machine.told.length).toBe(257);
  expect(machine.told.slice(-2)).toEqual(["datagram 255", "source-same"]);
});

it("S86: a queue that fills up in between stops the loop, and the rest comes when it has drained", () => {
  socket.isBlocked = true;
  loop.feed(datagram(1));
  loop.feed(datagram(2));
  socket.isBlocked = false;
  machine.answer = () => {
    socket.isBlocked = true;
    return [];
  };
  loop.resume();
  expect(machine.told).toEqual(["datagram 1"]);
  socket.isBlocked = false;
  loop.resume();
  expect(machine.told).toEqual(["datagram 1", "datagram 2"]);
});

it("S88: a deadline that moves away with every packet sets no timer anew; the machine is woken at the last one", () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  const start = performance.now();
  for (let index = 0; index < 1000; index++) {
    machine.deadline = start + 100 + index / 1000;
    loop.feed(datagram(1));
  }
  expect(set).toHaveBeenCalledTimes(1);
  machine.told.length = 0;
  machine.deadline = start + 250;
  loop.feed(datagram(2));
  vi.advanceTimersByTime(249);
  expect(machine.told).toEqual(["datagram 2"]);
  machine.answer = () => {
    machine.deadline = undefined;
    return [];
  };
  vi.advanceTimersByTime(1);
  expect(machine.told).toEqual(["datagram 2", "tick"]);
  expect(set.mock.calls.length).toBeLessThanOrEqual(3);
});

it("S88: an earlier deadline wakes earlier, and one that has passed wakes at once", () => {
  const start = performance.now();
  machine.deadline = start + 1000;
  loop.feed(datagram(1));
  machine.deadline = start + 10;
  machine.answer = (input) => {
    if (input.type === "tick") machine.deadline = undefined;
    return [];
  };
  loop.feed(datagram(2));
  vi.advanceTimersByTime(9);
  expect(machine.told.length).toBe(2);
  vi.advanceTimersByTime(1);
  expect(machine.told).toEqual(["datagram 1", "datagram 2", "tick"]);
  machine.deadline = Number.NEGATIVE_INFINITY;
  loop.feed(datagram(3));
  vi.advanceTimersByTime(1);
  expect(machine.told.at(-1)).toBe("tick");
});

it("S88: a deadline later than timers can be set for is waited for in pieces", () => {
  machine.deadline = performance.now() + 2 ** 32;
  loop.feed(datagram(1));
  vi.advanceTimersByTime(2 ** 32 - 1000);
  expect(machine.told).toEqual(["datagram 1"]);
  machine.answer = () => {
    machine.deadline = undefined;
    return [];
  };
  vi.advanceTimersByTime(1000);
  expect(machine.told).toEqual(["datagram 1", "tick"]);
});

it("S88: once stopped it holds no timer and tells nothing, even out of the middle of an answer", () => {
  machine.deadline = performance.now() + 10;
  machine.answer = () => {
    loop.stop();
    return [{ type: "check-source", id: 1, source: 1 }];
  };
  result = { type: "source-same", id: 1 };
  loop.feed(datagram(1));
  loop.feed(datagram(2));
  vi.advanceTimersByTime(100);
  expect([machine.told, vi.getTimerCount()]).toEqual([["datagram 1"], 0]);
});
