/** Programs that share nothing with the package but docs/rake.md: two clients at our server, and our client at a server. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run, start } from "../../../../test/process.js";
import { at, built, filesIn, scratchFolder, server } from "../node-build/rig.js";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const SOURCE = Buffer.from("caf\u00e9\r\n\0tail");

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds, runs and fails at our server; each time the client is a program with its words. */
async function talks(
  client: (port: number, folder: string, ...words: readonly string[]) => Promise<Said>,
): Promise<void> {
  const host = await server({ allowV1: true });
  const folder = scratchFolder({ "sub/one.txt": "one\n" });
  writeFileSync(join(folder, "two.bin"), SOURCE);
  const say = (...words: readonly string[]): Promise<Said> => client(host.port, folder, ...words);
  const made = await say("cat one.txt two.bin >three; sleep 0.01; cat three three >four", "sub/one.txt", "two.bin");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^cost \d+\nstatus 0\nfile four 32\n$/);
  const three = Buffer.concat([Buffer.from("one\n"), SOURCE]);
  expect(readFileSync(join(folder, "four"))).toEqual(Buffer.concat([three, three]));
  expect((await say("true")).stdout).toMatch(/^cost \d+\nstatus 0\n$/);
  expect((await say("echo wrong >&2; exit 3")).stdout).toMatch(/status 3\nwrong\n$/);
  expect((await say("echo right; exit 77")).stdout).toMatch(/status 77\nright\n$/);
  expect((await say("kill -9 $$")).stdout).toMatch(/status 137\n$/);
}

describe("R8, R9: clients of v1-4 that were written from the document alone", () => {
  itWith("python3", "one in Python", async () => {
    await talks((port, cwd, ...words) => run("python3", [path("client.py"), String(port), ...words], { cwd }));
  });

  itWith("gcc", "one in C", async () => {
    const program = join(scratchFolder(), "client");
    const compiled = await run("gcc", ["-Wall", "-Wextra", "-Werror", "-O1", "-o", program, path("client.c")]);
    expect(compiled).toMatchObject({ code: 0, stderr: "" });
    await talks((port, cwd, ...words) => run(program, [String(port), ...words], { cwd }));
  });
});

describe("R8, R9: our client at a server in Python that was written from the document alone", () => {
  for (const v1 of [4, 8] as const) {
    itWith("python3", `with integers of ${v1} bytes`, async () => {
      await using dear = start("python3", [path("server.py"), String(v1), "9"]);
      await using cheap = start("python3", [path("server.py"), String(v1), "2"]);
      const hosts = at(await dear.port(), await cheap.port());
      const folder = scratchFolder({ "src/one.txt": "one\n" });
      writeFileSync(join(folder, "two.bin"), SOURCE);
      const rakefile = [
        "actionset1:",
        ...Array.from(
          { length: 8 },
          (_, index) => `\tremote-cat one.txt two.bin >made${index}\n\t\trequires src/one.txt two.bin`,
        ),
        "actionset2:",
        "\tremote-cat made* | wc -c >count",
        `\t\trequires ${Array.from({ length: 8 }, (_, index) => `made${index}`).join(" ")}`,
        "\tcat made0 | wc -c",
        "\tremote-true",
        "actionset3:",
        "\tremote-echo wrong >&2; exit 4",
        "\tremote-echo right; exit 5",
      ];
      const done = await built(folder, `${rakefile.join("\n")}\n`, { hosts, v1 });
      expect([done.outcome, done.stdout.trim().split(/\s+/), done.stderr]).toEqual([
        "failed",
        ["16", "right"],
        "wrong\n",
      ]);
      for (const code of [4, 5]) expect(done.message).toContain(`exit code ${code} at`);
      expect(filesIn(folder)["count"]?.trim()).toBe("128");
      const places = done.report.actions.flatMap(({ attempts }) => attempts.map(({ where }) => where));
      expect(places.filter((where) => where !== "local")).toEqual(Array(12).fill({ host: 1 }));
    });
  }
});
