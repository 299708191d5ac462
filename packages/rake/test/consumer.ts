/** A program that uses the published package: type-checked under both resolutions, and run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BuildEvent,
  type BuildOptions,
  type BuildReport,
  build,
  explainText,
  type RakeServer,
  type ServeOptions,
  serve,
  timelineHtml,
  totalsOf,
  traceJson,
} from "@lab/rake";
import { encode, type HostFacts, type Plan, parseRakefile } from "@lab/rake/core";
import { ServerMetrics } from "@lab/rake/metrics";
import { direct, pilot, SlurmError } from "@lab/rake/slurm";

const folder = mkdtempSync(join(tmpdir(), "rake-consumer-"));
const options: ServeOptions = { slots: 1, name: "den" };
const server: RakeServer = await serve(options);
const metrics = new ServerMetrics(server);
writeFileSync(join(folder, "words"), "hello\n");
const { plan, faults } = parseRakefile("actionset1:\n\tremote-tr a-z A-Z <words >loud\n\t\trequires words\n");
const checked: Plan = plan;
const events: BuildEvent[] = [];
let facts: HostFacts | undefined;
const wanted: BuildOptions = {
  folder,
  plan: { ...checked, hosts: [{ host: server.host, port: server.port }] },
  onEvent: (event) => {
    events.push(event);
    if (event.type === "hostUp") facts = event.facts;
  },
};
const report: BuildReport = await build(wanted);
const loud = readFileSync(join(folder, "loud"), "utf8");
const counted = await metrics.text();
await metrics[Symbol.asyncDispose]();
await server.close();
rmSync(folder, { recursive: true });

if (report.result?.outcome !== "succeeded" || loud !== "HELLO\n") throw new Error(JSON.stringify({ report, loud }));
if (faults.length > 0 || facts?.name !== "den" || events.length < 5) throw new Error(JSON.stringify({ faults, facts }));
if (!counted.includes("rake_started_total 1")) throw new Error(counted);
if (totalsOf(report).sentBytes !== 6 || !explainText(report).includes("alone bid"))
  throw new Error(explainText(report));
if (!timelineHtml(report).includes("<svg") || !traceJson(report).includes("traceEvents")) throw new Error("no picture");
if (encode({ type: "PING", nonce: 7 }).length !== 32) throw new Error("the core does not answer");

// Not started.
if (typeof pilot !== "function" || typeof direct !== "function" || typeof SlurmError !== "function") {
  throw new Error("no Slurm");
}
