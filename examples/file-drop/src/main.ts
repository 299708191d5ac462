/** A box for files over UDP: `pnpm start DIRECTORY [PORT]`. Ctrl-C ends it with a list of what was dropped. */
import { mkdirSync } from "node:fs";
import { serve } from "@lab/stopwait-udp";
import { Receipts } from "./receipts.js";

const [directory, port = "50001"] = process.argv.slice(2);
if (directory === undefined || !/^\d+$/.test(port)) {
  console.error("usage: pnpm start DIRECTORY [PORT]; PORT is a number, 0 for a free one, 50001 by default");
  process.exit(2);
}

mkdirSync(directory, { recursive: true });
const { server, host, port: listening } = await serve({ directory, port: Number(port), writable: true });
console.log(`listening on ${host}:${listening}`);

const receipts = new Receipts();
server.on("served", (transfer) => {
  receipts.add(transfer);
  const { peer, version, operation, name, bytes, outcome, code } = transfer;
  console.log(`${peer.host}:${peer.port}  v${version} ${operation} ${name}  ${bytes} bytes  ${outcome} (${code})`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await server.close();
    console.log(`\n${receipts.render()}`);
  });
}
