import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deadLinks } from "../../../test/dead-links.js";
import { type RunningProcess, start } from "../../../test/process.js";
import { scratchFolder } from "../../../test/scratch.js";
import { content } from "./node/content.js";

/** The project into which `pnpm test:built` has installed the packed tarballs. */
const PROJECT = process.env["LAB_PACKED"] ?? "";

function stopwait(cwd: string, ...args: string[]): RunningProcess {
  const command = join(PROJECT, "node_modules/.bin/stopwait");
  return start(command, args, { cwd, env: { XDG_STATE_HOME: join(cwd, "state") } });
}

it("every package carries the documents that its README and its comments name, and all that these link to", () => {
  const linked: Readonly<Record<string, readonly string[]>> = {
    election: ["framing.md"],
    broadcast: ["framing.md"],
    rake: ["framing.md"],
  };
  for (const name of readdirSync(join(PROJECT, "node_modules/@lab"))) {
    const folder = join(PROJECT, "node_modules/@lab", name);
    const documents = readdirSync(join(folder, "docs")).filter((file) => file.endsWith(".md"));
    expect(documents.sort()).toEqual([`${name}.md`, "machine.md", ...(linked[name] ?? [])].sort());
    for (const document of documents) expect(deadLinks(join(folder, "docs", document), folder), document).toEqual([]);
  }
});

describe("the packed command", () => {
  it("serves a directory, fetches a file and stores it again, in both versions", async () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, "shared"));
    const bytes = content(1_000_001);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "shared", "a.bin"), bytes);
    await using server = stopwait(folder, "serve", "-d", "shared", "-p", "0", "--writable");
    const at = `127.0.0.1:${await server.port()}`;
    const got = await stopwait(folder, "get", at, "a.bin", "--window", "8", "--trace", "trace.svg").exited;
    expect([got.code, got.stderr]).toEqual([0, ""]);
    expect(got.stdout).toContain(sha256);
    expect(readFileSync(join(folder, "trace.svg"), "utf8")).toContain("</svg>");
    expect((await stopwait(folder, "put", at, "a.bin", "b.bin", "--v1").exited).code).toBe(0);
    expect(Buffer.from(bytes).equals(readFileSync(join(folder, "shared", "b.bin")))).toBe(true);
    server.signal("SIGTERM");
    expect((await server.exited).code).toBe(0);
  });

  it("says its version and its commands", async () => {
    const folder = scratchFolder();
    expect((await stopwait(folder, "--version").exited).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout } = await stopwait(folder, "--help").exited;
    for (const command of ["serve", "get", "put"]) expect(stdout).toContain(`  ${command}`);
    expect((await stopwait(folder, "get").exited).code).toBe(2);
  });
});
