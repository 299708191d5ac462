import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { bars } from "../bench/bars.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

for (const [entry, globals] of [
  ["core/index.ts", { TextEncoder, TextDecoder }],
  ["web/index.ts", { TextEncoder, TextDecoder, ReadableStream, WritableStream, TransformStream, AbortSignal }],
] as const) {
  it(`F20: ${entry} runs where there is nothing but ${Object.keys(globals).join(", ")}`, async () => {
    const bundle = await build({
      entryPoints: [new URL(`../src/${entry}`, import.meta.url).pathname],
      bundle: true,
      platform: "browser",
      format: "iife",
      globalName: "framing",
      write: false,
    });
    const code = bundle.outputFiles[0]?.text ?? "";
    const roundTrip = `Array.from(new framing.FrameDecoder().push(framing.encodeFrame(Uint8Array.of(104, 105)))[0]).join()`;
    expect(runInNewContext(`${code}; ${roundTrip}`, { ...globals })).toBe("104,105");
  });
}

it("F20: depends on nothing", () => {
  const manifest = JSON.parse(read("../package.json")) as Record<string, unknown>;
  expect(manifest["dependencies"]).toBeUndefined();
  expect(manifest["peerDependencies"]).toBeUndefined();
});

const page = read("../../../docs/framing.md");
const rows = ["decode", "encode"].map((name) => read(`../bench/${name}.bench.ts`)).join("");
for (const [rule, { bar, says }] of Object.entries(bars)) {
  it(`${rule}: the benchmark has the bar of the document: ${says}`, () => {
    const paragraph = page.split("\n").find((line) => line.startsWith(`**${rule}.**`));
    expect(paragraph).toContain(says);
    expect(says).toContain(bar >= 1e6 ? `${bar / 1e6} million` : String(bar));
    expect(rows).toContain(`bars.${rule}.bar`);
  });
}

it("F21 F22 F23 F24 F25 F26 F27: every bar of the document is measured", () => {
  const numbers = [...page.slice(page.indexOf("## Bars")).matchAll(/^\*\*(F\d+)\.\*\*/gm)].map((match) => match[1]);
  expect(Object.keys(bars)).toEqual(numbers);
});
