/** A server process with a durable log: `durable-server.ts FOLDER DURABILITY [MUTANT]`. It prints where it listens, and its epochs. */
import { writeSync } from "node:fs";
import type { Durability } from "../../src/core/server-contract.js";
import { type Log, serve } from "../../src/index.js";
import { Database } from "../../src/node/level/database.js";
import { levelLog } from "../../src/node/level/index.js";
import { CommitBeforeStored, SeqsForgotten } from "./store-mutants.js";

const MUTANTS = { "commit before stored": CommitBeforeStored, "last client seqs forgotten": SeqsForgotten };

const [folder = "", level = "written", mutant = ""] = process.argv.slice(2);
const durability = level as Durability;

function log(): Log {
  const Store = MUTANTS[mutant as keyof typeof MUTANTS];
  if (Store === undefined) return levelLog({ folder, durability });
  const options = { database: new Database(folder), durability, flushAfterMs: 50, maxBufferedBytes: 1_000_000 };
  return { kind: "durable", durability, store: new Store(options) };
}

// A short history, so that the log is trimmed often.
const server = await serve({ log: log(), historyMessages: 600 });
server.on("event", (event) => {
  if (event.type === "epoch") writeSync(1, `epoch ${event.epoch} ${event.goesOn ? "goes on" : "is new"}\n`);
});
writeSync(1, `listening on ${server.address}\n`);
process.once("SIGTERM", () => void server.close());
