/** What wireshark/README.md shows is so: its commands and its program run, tshark knows its filters and preferences. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { dissectorArguments, tshark } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { codeBlocks } from "../markdown.js";
import { run, startTypeScript } from "../process.js";
import { scratchFolder } from "../scratch.js";
import { CaptureBuilder } from "./captures.js";
import { broadcastVectors, rakeVectors } from "./framed-vectors.js";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "wireshark/README.md"), "utf8");
const blocks = codeBlocks(readme);

/** A capture of messages of rake and broadcast, rake at its default port. */
function capture(): string {
  const builder = new CaptureBuilder();
  builder.conversation(6238, rakeVectors.vectors);
  builder.conversation(7002, broadcastVectors.vectors);
  return builder.file();
}

itWith(
  "tshark",
  "its commands run, in their order, for somebody who has nothing yet, and show messages by their names",
  async () => {
    const [HOME, file] = [scratchFolder(), capture()];
    const commands = blocks.filter(({ info }) => info[0] === "sh");
    expect(commands.length).toBe(3);
    for (const { info, text } of commands) {
      expect(info[1]).toBe("run");
      const words = text.replaceAll("capture.pcapng", file);
      const { code, stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", words], {
        cwd: root,
        env: { HOME },
      });
      expect(code, text + stderr).toBe(0);
      expect(stdout).toMatch(/\bBID\b/);
      expect(stdout + stderr).not.toMatch(/lua_error|Lua Error|\.lua:\d+:/);
    }
    expect(existsSync(join(HOME, ".local/lib/wireshark/plugins/lab/lab.lua"))).toBe(true);
  },
);

itWith("tshark", "its program counts", async () => {
  const [{ text }, ...others] = blocks.filter(({ info }) => info[0] === "ts") as unknown as [{ text: string }];
  expect(others).toEqual([]);
  const counts = JSON.stringify(join(root, "wireshark/counts.js"));
  const program = join(scratchFolder({ "package.json": '{ "type": "module" }' }), "block.ts");
  writeFileSync(program, text.replace('"./counts.js"', counts).replace('"capture.pcapng"', JSON.stringify(capture())));
  await using running = startTypeScript(program);
  const { code, stdout, stderr } = await running.exited;
  expect([code, stdout], stderr).toEqual([0, "1 0\n"]);
});

itWith("tshark", "the message that it shows is what tshark shows of it", async () => {
  const shown =
    blocks
      .find(({ text }) => text.startsWith("Lab rake, BID"))
      ?.text.trim()
      .split("\n") ?? [];
  expect(shown.length).toBeGreaterThan(10);
  const told = await tshark(capture(), {}, ["-O", "rake", "-Y", 'lab.message == "rake BID"']);
  expect(told.join("\n")).toContain(shown.join("\n"));
});

itWith("tshark", "tshark takes each of its filters and each of its preferences", async () => {
  const file = capture();
  const [, table = ""] = /## Filters\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const cells = table.split("\n").map((row) => row.replaceAll("\\|", "\u0000").split("|")[1] ?? "");
  const filters = cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, one = ""]) => one.replaceAll("\0", "|")),
  );
  expect(filters.length).toBeGreaterThan(6);
  await tshark(file, {}, ["-Y", filters.map((filter) => `(${filter})`).join(" || ")]);
  const names = new Set(
    [...readme.matchAll(/`(?:-o )?((?:framing4?|hftp|rake)\.(?:max_\w+|bodies|tcp_ports))/g)].map(([, name]) => name),
  );
  expect(names.size).toBeGreaterThan(5);
  const { stdout } = await run("tshark", ["-G", "currentprefs", ...dissectorArguments()]);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^#?${name?.replace(".", "\\.")}:`, "m"));
});
