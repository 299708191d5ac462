/** A program that uses the published package: type-checked under both resolutions, and run. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download, HftpClient, type ServedEvent, serve } from "@lab/hftp";
import { RequestParser, ServerSession } from "@lab/hftp/core";
import { ServerMetrics } from "@lab/hftp/metrics";

const directory = mkdtempSync(join(tmpdir(), "hftp-consumer-"));
writeFileSync(join(directory, "a.txt"), "hello world");
const { server, port } = await serve({ directory, port: 0 });
const metrics = new ServerMetrics(server);
const served: ServedEvent[] = [];
server.on("served", (event) => served.push(event));

const client = await HftpClient.connect({ port });
const { size }: { readonly size: number } = await client.stat("a.txt");
const names: string[] = [];
for await (const name of client.list()) names.push(name);
await client.quit();
const { sha256 } = await download({ port, name: "a.txt", to: join(directory, "copy") });
const text = await metrics.text();
await server.close();
rmSync(directory, { recursive: true });

const parser = new RequestParser(1024);
parser.feed(new TextEncoder().encode("help\r\n"));
const line = parser.next();
const session = new ServerSession({ maxErrors: 3 });
if (size !== 11 || names.join() !== "a.txt" || !sha256.startsWith("b94d27b9") || served.length < 4) {
  throw new Error(JSON.stringify({ size, names, sha256, served }));
}
if (line?.type !== "request" || session.nextDeadline() !== undefined || !text.includes("hftp_file_bytes_total 11")) {
  throw new Error("the core or the metrics do not answer");
}
