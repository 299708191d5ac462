/** A server as a process of its own: options as JSON in the first argument; with `hoard` in the second it keeps what comes, as a control. */
import { serve } from "../../src/node/server.js";
import { Uploads } from "../../src/node/uploads.js";

if (process.argv[3] === "hoard") {
  const kept: Uint8Array[] = [];
  const write = Uploads.prototype.write;
  Uploads.prototype.write = function (this: Uploads, number: number, bytes: Uint8Array): void {
    kept.push(new Uint8Array(bytes));
    write.call(this, number, bytes);
  };
}

const options = JSON.parse(process.argv[2] ?? "{}") as object;
const server = await serve({ speed: 1_000, toolchain: "test", cores: 2, lingerMs: 50, ...options });
process.stdout.write(`listening on ${server.host}:${server.port}\n`);
process.once("SIGTERM", () => {
  void server.close().then(() => process.exit(0));
});
