/** Every core/ runs where there is no Node: bundled for the browser, in a context that holds the language alone. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { packageNames } from "./arrows.js";
import { runInBareContext } from "./bare-context.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

it.each(packageNames(root))("the core of %s loads without a platform and does a small exchange", async (name) => {
  const smokeFile = join(root, "packages", name, "test", "browser-smoke.ts");
  let smoke = "";
  if (existsSync(smokeFile)) {
    ({ smoke } = (await import(pathToFileURL(smokeFile).href)) as { smoke: string });
    expect(smoke, `${smokeFile} exports \`smoke\`, JavaScript that finds the package as \`lab\``).toBeTypeOf("string");
  }
  const exports = await runInBareContext(join(root, "packages", name, "src", "core", "index.ts"), smoke);
  expect(exports.length).toBeGreaterThan(0);
});

describe("a core that leans on its platform does not load", () => {
  it.each([
    ["node:fs", 'import { readFileSync } from "node:fs";\nexport const x = readFileSync;', /node:fs/],
    ["a bare built-in", 'import { connect } from "net";\nexport const x = connect;', /Could not resolve "net"/],
    ["Buffer", 'export const x = Buffer.from("a");', /Buffer is not defined/],
    ["process", "export const x = process.pid;", /process is not defined/],
    ["setTimeout", "export const x = setTimeout(() => {}, 1);", /setTimeout is not defined/],
    ["queueMicrotask", "queueMicrotask(() => {});", /queueMicrotask is not defined/],
    ["performance", "export const x = performance.now();", /performance is not defined/],
    ["Date", "export const x = Date.now();", /Date is not defined/],
    ["crypto", "export const x = crypto.randomUUID();", /crypto is not defined/],
    ["console", 'console.log("x");', /console is not defined/],
    ["Math.random", "export const x = Math.random();", /Math\.random is not a function/],
    ["structuredClone", "export const x = structuredClone({});", /structuredClone is not defined/],
  ])("%s", async (_name, text, message) => {
    const folder = scratchFolder({ "index.ts": text });
    await expect(runInBareContext(join(folder, "index.ts"))).rejects.toThrow(message);
  });
});

it("a smoke that fails is reported, and bytes of TextEncoder are the context's own", async () => {
  const folder = scratchFolder({
    "index.ts": "export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);",
  });
  const entry = join(folder, "index.ts");
  const own = `const bytes = lab.encode("\\u00e9");
if (!(bytes instanceof Uint8Array) || new TextDecoder().decode(bytes) !== "\\u00e9") throw new Error("foreign bytes");`;
  expect(await runInBareContext(entry, own)).toEqual(["encode"]);
  await expect(runInBareContext(entry, 'if (lab.encode("a")[0] !== 98) throw new Error("not b");')).rejects.toThrow(
    "not b",
  );
});
