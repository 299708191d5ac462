/**
 * A registry of npm packages on a free port of loopback. Its standard input is JSON: the folder of its files, the registry
 * that it asks for packages that are not ours, and the file of certificates for that. It prints `listening on ADDRESS:PORT`.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runServer } from "verdaccio";
import type { RegistryOptions } from "./registry.js";

const { folder, uplink, ca } = JSON.parse(await text(process.stdin)) as RegistryOptions;
const everyone = { access: "$all" };
const config = {
  storage: join(folder, "storage"),
  configPath: join(folder, "config.yaml"),
  auth: { htpasswd: { file: join(folder, "htpasswd"), algorithm: "bcrypt", rounds: 4 } },
  uplinks: {
    real: {
      url: uplink,
      ...(ca === undefined ? {} : { ca: readFileSync(ca, "utf8") }),
      timeout: "60s",
      max_fails: 100,
    },
  },
  packages: {
    // Ours are never looked for elsewhere: what is installed is what was published here.
    "@lab/*": { ...everyone, publish: "$authenticated" },
    "**": { ...everyone, proxy: "real" },
  },
  web: { enable: false },
  log: { type: "stdout", format: "json", level: "fatal" },
};
const server = (await runServer(config as unknown as string)) as Server;
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { address, port } = server.address() as AddressInfo;
console.log(`listening on ${address}:${port}`);
