/**
 * A process that opens a durable log and writes to it until it is killed: `log-writer.ts FOLDER DURABILITY [MUTANT]`. It prints
 * what it recovered, and after each write the last number that is stored as far as its durability promises.
 */
import { writeSync } from "node:fs";
import { recover } from "../../src/core/recovery.js";
import type { Durability } from "../../src/core/server-contract.js";
import { encodeCheckpoint, encodeJoins } from "../../src/core/stored-sessions.js";
import { Database } from "../../src/node/level/database.js";
import { LevelStore } from "../../src/node/level/level-store.js";
import type { StoreWrite } from "../../src/node/log.js";
import { entryBytes, idOf } from "../recovery/told-log.js";
import { CommitBeforeStored } from "./store-mutants.js";

const [folder = "", durability = "written", mutant] = process.argv.slice(2);
const level = durability as Durability;
const Store = mutant === "commit before stored" ? CommitBeforeStored : LevelStore;
const database = new Database(folder);
const store = new Store({ database, durability: level, flushAfterMs: 5, maxBufferedBytes: 1_000_000 });

function say(...words: readonly (string | number | boolean)[]): void {
  writeSync(1, `${words.join(" ")}\n`); // at once: what was said counts after a kill as well
}

/** Messages of member 1, of which client seq is number - 1: its join is number 1. */
function segmentWrite(first: number, count: number): StoreWrite {
  const entries = Array.from({ length: count }, (_, i) => {
    const number = first + i;
    if (number === 1) return entryBytes("join", 1, 0, Buffer.from("ana"));
    return entryBytes("publish", 1, number - 1, Buffer.alloc(number % 3_000, `${number}-`));
  });
  const join = { clientId: idOf(0), token: idOf(1), member: 1, name: "ana" };
  const sessions = encodeJoins(first === 1 ? [join] : []);
  return { type: "segment", segment: { first, count, entries: Buffer.concat(entries), sessions } };
}

await store.start();
const recovered = await store.open("main");
const room = recover(recovered, level, 1 + Math.floor(Math.random() * 2 ** 50));
const session = room.byMember.get(1);
say("recovered", room.epoch, room.goesOn, room.firstRetained, room.head, session?.lastClientSeq ?? 0, room.damaged);
await store.write("main", [{ type: "meta", meta: room.meta }]);
let { head } = room;
let trimmed = room.firstRetained - 1;
say("stored", head);
for (let turn = 0; ; turn++) {
  const count = 1 + (turn % 5);
  const writes: StoreWrite[] = [segmentWrite(head + 1, count)];
  head += count;
  if (turn % 7 === 6 && head - trimmed > 60) {
    trimmed = head - 30;
    const one = { clientId: idOf(0), token: idOf(1), member: 1, name: "ana", joined: true, since: 1 };
    const sessions = [{ ...one, lastClientSeq: head - 1, lastNumber: head }];
    const checkpoint = encodeCheckpoint({ number: head, lastMember: 1, sessions });
    writes.push({ type: "trim", upTo: trimmed, checkpoint });
  }
  await store.write("main", writes);
  say("stored", head);
  // The timers of what is buffered have their turn.
  if (turn % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
}
