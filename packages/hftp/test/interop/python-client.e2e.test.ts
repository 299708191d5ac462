import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { itWith } from "../../../../test/components.js";
import { start } from "../../../../test/process.js";
import { startBundled } from "../../../../test/programs.js";
import { temporaryDirectory } from "../temporary.js";

const CLI = new URL("../../src/cli/main.ts", import.meta.url);
const CLIENT = new URL("./raw_client.py", import.meta.url).pathname;

/** Three mebibytes and a byte, so that the last base64 group is padded; its bytes are no valid text. */
const CONTENT = Buffer.from(Uint8Array.from({ length: 3 * 2 ** 20 + 1 }, (_, at) => (at * 131) >> 2));

describe("a plain Python script fetches a file from hftp serve", () => {
  const styles = [
    { title: "one base64 line", flags: [], style: "base64", says: "3145729 bytes in 1 lines of base64" },
    {
      title: "many base64 lines",
      flags: ["--base64-lines"],
      style: "base64",
      says: "3145729 bytes in 65 lines of base64",
    },
    { title: "raw", flags: [], style: "raw", says: "3145729 bytes raw" },
  ];
  for (const { title, flags, style, says } of styles) {
    itWith("python3", `H17: ${title}`, async () => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, "content.bin"), CONTENT);
      await using server = startBundled(CLI, ["serve", "-d", directory, "-p", "0", "--quiet", ...flags]);
      const copy = join(directory, "copy");
      const shell = `python3 "${CLIENT}" ${await server.port()} content.bin ${style} > "${copy}" && sha256sum "${copy}"`;
      const { code, stdout, stderr } = await start("sh", ["-c", shell]).exited;
      expect([code, stderr.trim()]).toEqual([0, says]);
      expect(stdout.split(" ")[0]).toBe(createHash("sha256").update(CONTENT).digest("hex"));
    });
  }
});
