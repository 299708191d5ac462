/** What a pilot starts in these tests: `serve` with the words that `rake serve` takes. */
import { appendFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { readSecretFile } from "../../src/node/secret.js";
import { serve } from "../../src/node/server.js";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    "secret-file": { type: "string", default: "" },
    folder: { type: "string", default: "" },
    slots: { type: "string", default: "1" },
  },
});
const server = await serve({
  host: values.host,
  port: Number(values.port),
  folder: values.folder,
  secret: readSecretFile(values["secret-file"]),
  cores: Number(values.slots),
  speed: 1_000,
  toolchain: "test",
  sandbox: "rlimit",
  lingerMs: 50,
});
process.stdout.write(`listening on ${server.host}:${server.port}\n`);
process.on("SIGTERM", () => {
  // Where a test wants to see how often it was told.
  const told = join(dirname(values["secret-file"]), "..", "told");
  if (existsSync(told)) appendFileSync(told, "SIGTERM\n");
  void server.close().then(() => process.exit(0));
});
