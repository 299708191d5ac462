/** A server process: `server.ts built|sources memory`, or `... written FOLDER`. It prints where it listens. */
import { writeSync } from "node:fs";
import { type From, level, library } from "./library.js";

const [from, durability, folder = ""] = process.argv.slice(2) as [From, "memory" | "written", string?];
const { memoryLog, serve } = await library(from);
const { levelLog } = await level(from);
const server = await serve({ log: durability === "memory" ? memoryLog() : levelLog({ folder, durability }) });
writeSync(1, `listening on ${server.address}\n`);
process.once("SIGTERM", () => void server.close());
