// The same from CommonJS.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { HftpClient, serve } = require("@lab/hftp");
const { encodeRequest } = require("@lab/hftp/core");
const { ServerMetrics } = require("@lab/hftp/metrics");

async function main() {
  const directory = mkdtempSync(join(tmpdir(), "hftp-consumer-"));
  writeFileSync(join(directory, "a.txt"), "hello world");
  const { server, port } = await serve({ directory, port: 0 });
  const metrics = new ServerMetrics(server);
  const client = await HftpClient.connect({ port });
  const { size } = await client.stat("a.txt");
  await client.quit();
  const counted = (await metrics.text()).includes('hftp_requests_total{command="get_metadata",code="0"} 1');
  await server.close();
  rmSync(directory, { recursive: true });
  const request = Buffer.from(encodeRequest({ type: "help" })).toString();
  if (size !== 11 || !counted || request !== "help\r\n") throw new Error(JSON.stringify({ size, counted, request }));
}

main();
