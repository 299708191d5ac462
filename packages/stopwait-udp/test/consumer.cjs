// The same from CommonJS.
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { get, put, serve } = require("@lab/stopwait-udp");
const { encodeV1Packet } = require("@lab/stopwait-udp/core");

async function main() {
  const base = mkdtempSync(join(tmpdir(), "stopwait-consumer-"));
  const directory = join(base, "shared");
  const stateFolder = join(base, "state");
  mkdirSync(directory);
  writeFileSync(join(base, "a.txt"), "hello world");
  const { server, port } = await serve({ directory, port: 0, writable: true });
  await put({ port, stateFolder, from: join(base, "a.txt"), name: "b.txt" });
  const { bytes } = await get({ port, stateFolder, name: "b.txt", to: join(base, "copy.txt") });
  await server.close();
  const copy = readFileSync(join(base, "copy.txt"), "utf8");
  rmSync(base, { recursive: true });
  const request = Buffer.from(encodeV1Packet({ type: "get", name: "a" })).toString();
  if (bytes !== 11 || copy !== "hello world" || request !== "G000000a")
    throw new Error(JSON.stringify({ bytes, copy, request }));
}

main();
