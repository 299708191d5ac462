/** The packets of version 1 that the README shows are those that are sent: students write their peers from them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, put, type SeenDatagram, serve } from "../../src/index.js";

const readme: string = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** The exchanges that are shown, each a list of lines such as `C 47 30`; a packet that is lost and sent again counts once. */
function shown(): string[][] {
  const exchanges = readme.split(/\n\n|```/).map((part) =>
    part
      .split("\n")
      .filter((line) => /^[CS] {2}\S\S \d{5}/.test(line) && !line.endsWith("lost"))
      .map((line) => `${line[0]} ${/(?: [0-9a-f]{2}){7,}/.exec(line)?.[0].trim()}`),
  );
  return exchanges.filter((lines) => lines.length > 0);
}

it("S5: a GET, a PUT of two blocks and a refusal", async () => {
  const base = scratchFolder();
  const directory = join(base, "served");
  mkdirSync(directory);
  writeFileSync(join(directory, "hello.txt"), "hello world\n");
  const from = join(base, "b.txt");
  writeFileSync(from, "A".repeat(100) + "B".repeat(50));
  const { server, port } = await serve({ directory, port: 0, writable: true });
  onTestFinished(() => server.close());
  const exchanges: string[][] = [];
  const watch = (): { version: 1; port: number; onDatagram: (seen: SeenDatagram) => void } => {
    const lines: string[] = [];
    exchanges.push(lines);
    const line = (hex: string, who: string): string => `${who} ${hex.replace(/..(?!$)/g, "$& ")}`;
    const onDatagram = ({ direction, bytes }: SeenDatagram): void => {
      lines.push(line(Buffer.from(bytes).toString("hex"), direction === "sent" ? "C" : "S"));
    };
    return { version: 1, port, onDatagram };
  };
  await get({ ...watch(), name: "hello.txt", to: join(base, "hello.txt") });
  await put({ ...watch(), from });
  await expect(put({ ...watch(), from })).rejects.toMatchObject({ code: "exists" });
  const wanted = shown();
  expect(wanted.map((lines) => lines.length)).toEqual([4, 8, 2]);
  // The README shows how long bodies begin.
  const begun = exchanges.map((lines, at) => lines.map((line, index) => line.slice(0, wanted[at]?.[index]?.length)));
  expect(begun).toEqual(wanted);
});
