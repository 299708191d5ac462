/** What a member with a window of 1 costs the log: a few lines per second, and their number (docs/broadcast.md B18). */
import { expect, it } from "vitest";
import type { ServerEvent } from "../../src/core/server-contract.js";
import { ServerMetrics } from "../../src/node/metrics.js";
import type { BroadcastServer } from "../../src/node/server.js";
import { EventLog } from "../../src/node/server-log.js";

/** Keeps what it is told. */
function recorder() {
  const lines: { readonly level: string; readonly fields: object; readonly words: string }[] = [];
  const at = (level: string) => (fields: object, words: string) => void lines.push({ level, fields, words });
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { lines, logger };
}

const lagging: ServerEvent = { type: "lagging", room: "r", connection: 1, behind: 1 };
const live: ServerEvent = { type: "live", room: "r", connection: 1 };

it("B18: so many lines a second, the number of the others once that second is over, and all other events as ever", () => {
  const { lines, logger } = recorder();
  let now = 5;
  const log = new EventLog(logger, 3, () => now);
  for (let i = 0; i < 50; i++) {
    log.log(lagging);
    log.log(live);
  }
  expect(lines.map(({ words }) => words)).toEqual(["lagging", "live", "lagging"]);
  log.log({ type: "joined", room: "r", member: 1, name: "a", number: 1 });
  expect(lines.map(({ words }) => words).slice(3)).toEqual(["joined"]);
  now += 1_000;
  log.log({ type: "committed", room: "r", first: 1, count: 1, bytes: 1 });
  log.log({ type: "left", room: "r", member: 1, name: "a", number: 2, reason: "left" });
  expect(lines.slice(4)).toEqual([
    { level: "debug", fields: { leftOut: 97 }, words: "more lagged and were live again than there are lines for" },
    { level: "info", fields: { room: "r", member: 1, name: "a", number: 2, reason: "left" }, words: "left" },
  ]);
  log.log(live);
  expect(lines).toHaveLength(7);
});

it("B18: the metrics count each of them", async () => {
  let tell: (event: ServerEvent) => void = () => {};
  const server: BroadcastServer = {
    address: "",
    on: (_name, listener) => {
      tell = listener;
      return server;
    },
    off: () => server,
    view: () => ({ connections: 0, paused: 0, rooms: [] }),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await using metrics = new ServerMetrics(server);
  for (let i = 0; i < 1_000; i++) {
    tell(lagging);
    tell(live);
  }
  expect(await metrics.text()).toMatch(/^broadcast_lags_total 1000$/m);
});
