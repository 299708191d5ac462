/** Serves the files of a class over HFTP: `pnpm start DIRECTORY [PORT]`. Ctrl-C ends it with a board of what was fetched. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isServableName, serve } from "@lab/hftp";
import { Board } from "./board.js";

const [directory, port = "19500"] = process.argv.slice(2);
if (directory === undefined || !/^\d+$/.test(port)) {
  console.error("usage: pnpm start DIRECTORY [PORT]; PORT is a number, 0 for a free one, 19500 by default");
  process.exit(2);
}

const { server, host, port: listening } = await serve({ directory, port: Number(port) });
console.log(`listening on ${host}:${listening}`);

console.log(`the class can fetch from ${directory}:`);
for (const name of readdirSync(directory).sort()) {
  const stats = statSync(join(directory, name), { throwIfNoEntry: false });
  if (stats?.isFile() !== true) continue;
  const note = isServableName(name) ? "" : "  (not offered: a name has only A-Z a-z 0-9 . - _)";
  console.log(`  ${name.padEnd(24)} ${String(stats.size).padStart(12)} bytes${note}`);
}

const board = new Board();
server.on("served", ({ request, peer }) => {
  board.add(request, peer);
  console.log(`${peer}  ${request.command} ${request.name ?? ""}  ${request.code}  ${request.fileBytes} bytes`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await server.close();
    console.log(`\n${board.render()}`);
  });
}
