/** The demo's chapter on HFTP: this example serves real files, our client fetches one in parallel slices. */
import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { download, HftpClient, renderTranscript, type TranscriptEntry } from "@lab/hftp";
import { SingleBar } from "cli-progress";
import { startTypeScript } from "../../test/process.js";

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;

export async function run(): Promise<string> {
  const base = mkdtempSync(join(tmpdir(), "lab-demo-"));
  try {
    return await fetchFromClass(base);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

async function fetchFromClass(base: string): Promise<string> {
  const directory = join(base, "class");
  mkdirSync(directory);
  for (const name of ["README.md", "LICENSE"])
    copyFileSync(new URL(`../../${name}`, import.meta.url), join(directory, name));
  const wanted = await writeRecording(join(directory, "lecture-7.bin"));

  await using server = startTypeScript(new URL("src/main.ts", import.meta.url), [directory, "0"]);
  const port = await server.port();
  console.log(`examples/hftp-server serves ${directory} on 127.0.0.1:${port}`);
  {
    await using client = await HftpClient.connect({ port });
    for await (const name of client.list()) console.log(`  ${name.padEnd(16)} ${(await client.stat(name)).size} bytes`);
  }

  const transcript: TranscriptEntry[] = [];
  const bar = new SingleBar({
    format: "  {bar} {percentage}% of {total} bytes",
    stream: process.stdout,
    noTTYOutput: true,
    notTTYSchedule: 500,
  });
  bar.start(SIZE, 0);
  const result = await download({
    port,
    name: "lecture-7.bin",
    to: join(base, "lecture-7.bin"),
    parallel: 4,
    expect: wanted,
    onProgress: ({ bytes }) => bar.update(bytes),
    onTranscript: (entry) => transcript.push(entry),
  });
  bar.stop();
  console.log(`\nthe exchange, four connections side by side:\n\n${renderTranscript(transcript)}`);

  const sha256 = await digestOf(result.path);
  if (sha256 !== wanted || result.bytes !== SIZE) throw new Error(`fetched ${sha256}, but ${wanted} was served`);
  server.signal("SIGTERM");
  const { code, stdout } = await server.exited;
  if (code !== 0) throw new Error(`the server ended with code ${code}`);
  console.log(`the server's board: ${stdout.trim().split("\n").at(-1)}`);
  const rate = (SIZE / MIB / (result.ms / 1000)).toFixed(0);
  return `${SIZE / MIB} MiB in parallel slices at ${rate} MiB/s, sha256 ${sha256.slice(0, 16)}... as served`;
}

/** Writes a file of random bytes and resolves with its SHA-256. */
async function writeRecording(path: string): Promise<string> {
  const digest = createHash("sha256");
  await pipeline(function* () {
    for (let written = 0; written < SIZE; written += MIB) {
      const part = randomBytes(MIB);
      digest.update(part);
      yield part;
    }
  }, createWriteStream(path));
  return digest.digest("hex");
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
