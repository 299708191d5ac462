/** The page as a person sees it, in a real browser, while real processes die. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { component, itWith } from "../../../../test/components.js";
import { type RunningProcess, start } from "../../../../test/process.js";
import { buildPage } from "../../build-page.mjs";
import type { HostRow } from "../../src/core/index.js";
import { openDashboard } from "../../src/node/dashboard.js";
import { FakeElector, hostRow } from "./shown-elector.js";

/** Not under version control; CI may keep it. */
const artifacts = join(import.meta.dirname, "../../../../.artifacts");
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Node {
  readonly process: RunningProcess;
  readonly address: string;
  /** Of its dashboard. */
  readonly url: string;
}

/** A browser on busy cores. */
const patience = { timeout: 25_000 };

const base = mkdtempSync(join(tmpdir(), "lab-page-"));
const command = join(base, "dist/election.cjs");
let browser: Browser | undefined;
let cluster: Promise<readonly Node[]> = Promise.resolve([]);

beforeAll(async () => {
  if (component("chromium").version === undefined) return;
  const into = { platform: "node", target: "node20", format: "cjs", outfile: command } as const;
  const found = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  const main = join(import.meta.dirname, "../../src/cli/main.ts");
  // As it is published: the page stands beside the folder of the program.
  const [opened] = await Promise.all([
    // Root has no sandbox to be in.
    chromium.launch({ executablePath: found.stdout.trim(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] }),
    build({ entryPoints: [main], bundle: true, ...into, logLevel: "error" }),
    buildPage(join(base, "page")),
  ]);
  browser = opened;
  cluster = startCluster();
  cluster.catch(() => {}); // told of in the test that awaits it
  mkdirSync(artifacts, { recursive: true });
});

afterAll(async () => {
  await Promise.all([
    browser?.close(),
    ...(await cluster.catch(() => [])).map((one) => one.process[Symbol.asyncDispose]()),
  ]);
  rmSync(base, { recursive: true, force: true });
});

async function startNode(id: string, ...args: string[]): Promise<Node> {
  const more = ["--listen", "127.0.0.1:0", "--ui", "0", "--preset", "fast", "--state", join(base, id)];
  const process_ = start(process.execPath, [command, "run", "--id", id, ...more, ...args], { cwd: base });
  const [, address = ""] = await process_.line(/^listening on (\S+)$/);
  const [, url = ""] = await process_.line(/^dashboard on (\S+)$/);
  return { process: process_, address, url };
}

/** Three nodes, of which `a` leads. */
async function startCluster(): Promise<readonly Node[]> {
  const a = await startNode("a");
  await a.process.line(/this node leads/); // or one of the others may be the first
  return [a, ...(await Promise.all(["b", "c"].map((id) => startNode(id, "--join", a.address))))];
}

/**
 * A page, and what went wrong in it or left this machine.
 * @param dead the origins of dashboards whose nodes were killed: the page cannot know it before it asks
 */
async function openPage(
  url: string,
  dead: ReadonlySet<string> = new Set(),
): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const page = (await browser?.newPage({ viewport: { width: 1160, height: 1000 } })) as Page;
  page.setDefaultTimeout(patience.timeout);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // Only who died is asked in vain: whatever a living node refuses, the policy forbids or a script breaks is a fault.
    const { url: asked } = message.location();
    const isInVain = /^Failed to load resource: net::ERR_/.test(message.text()) && isOneOf(dead, asked);
    if (message.type() === "error" && !isInVain) faults.push(`${asked}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (new URL(request.url()).hostname !== "127.0.0.1") faults.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

async function violations(page: Page, ...tags: string[]): Promise<unknown[]> {
  const run = `axe.run({ runOnly: ${JSON.stringify(tags)} })`;
  type Result = { violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] };
  const result = (await page.evaluate(`${readFileSync(axeFile, "utf8")};${run}`)) as Result;
  return result.violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    nodes: nodes.map((one) => one.failureSummary),
  }));
}

/** What has the focus, one Tab after another, until it comes round. */
async function reachedByKeyboard(page: Page): Promise<string[]> {
  const reached: string[] = [];
  for (let step = 0; step < 30; step++) {
    await page.keyboard.press("Tab");
    const name = (await page.evaluate(
      "document.activeElement.getAttribute('aria-label') ?? document.activeElement.placeholder ?? document.activeElement.textContent",
    )) as string;
    if (reached.includes(name) || (await page.evaluate("document.activeElement === document.body"))) break;
    reached.push(name);
  }
  return reached;
}

/** What the leader's card says while it changes: some of it holds for less than a second. */
const noteHeadlines = `
  headlines = [];
  new MutationObserver(() => {
    headlines.push([...document.querySelectorAll(".leader-name, .waiting")].map((one) => one.textContent).join(" "));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  undefined`;

const isOneOf = (origins: ReadonlySet<string>, url: string): boolean =>
  URL.canParse(url) && origins.has(new URL(url).origin);
const rowOf = (page: Page, id: string): ReturnType<Page["locator"]> => page.locator(`[data-host="${id}"]`);

describe("the page", () => {
  // The first one, while the nodes of the second start and elect.
  itWith(
    "chromium",
    "draws the best of very many hosts, finds the others, and does not move for who wants no motion",
    async () => {
      await buildPage();
      const hosts = Array.from({ length: 10_000 }, (_, index) => hostRow(`h${index}`, { rank: index + 1 }));
      // The first two are hostile: E69.
      hosts[0] = hostRow("<img src=x onerror=alert(1)>\u202e", { rank: 1, ui: "javascript:alert(1)" });
      hosts[1] = hostRow("h1", { rank: 2, ui: "http://127.0.0.1:1/x?y" });
      await using dashboard = await openDashboard();
      dashboard.show(new FakeElector({ hosts }));
      const { page, faults } = await openPage(dashboard.url);
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.locator(".more", { hasText: "and 950 more" }).waitFor();
      expect(
        await page.locator(".more", { hasText: "The node sends the first 1,000 rows; 9,000 more exist." }).count(),
      ).toBe(1);
      expect(await page.locator("tbody tr").count()).toBe(50);
      expect(await page.locator(".host-name").first().textContent()).toBe("<img src=x onerror=alert(1)>\\u{202e}");
      expect(await page.locator("tbody img, tbody script").count()).toBe(0);
      const links = "[...document.querySelectorAll('tbody a')].map((a) => [a.href, a.rel])";
      expect(await page.evaluate(links)).toEqual([["http://127.0.0.1:1/", "noopener noreferrer"]]);
      await page.getByRole("button", { name: "Show 200 of them" }).click();
      expect(await page.locator("tbody tr").count()).toBe(250);
      await page.getByRole("searchbox", { name: "Filter" }).fill("h99");
      await expect.poll(() => page.locator("tbody tr").count(), patience).toBe(11); // h99, h990 to h999
      await expect
        .poll(() => page.evaluate("document.getAnimations().some((one) => one.playState === 'running')"), patience)
        .toBe(false);
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  itWith(
    "chromium",
    "E69: keeps the focus where hosts are ranked anew, and the places of the rows while the keyboard is among them",
    async () => {
      await buildPage();
      const ranked = (...ids: string[]): HostRow[] =>
        ids.map((id, index) => hostRow(id, { rank: index + 1, ui: "http://127.0.0.1:1/" }));
      await using dashboard = await openDashboard();
      const elector = new FakeElector({ hosts: ranked("a", "b", "c") });
      dashboard.show(elector);
      const { page, faults } = await openPage(dashboard.url);
      const shown = (): Promise<unknown> =>
        page.evaluate("[...document.querySelectorAll('[data-host]')].map((one) => one.dataset.host).join(' ')");
      const focused = (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
      const isRanked = (id: string, rank: string): Promise<void> =>
        rowOf(page, id).locator(".rank", { hasText: rank }).waitFor();
      await isRanked("c", "3");

      await page.getByRole("searchbox", { name: "Filter" }).focus();
      for (const id of ["a", "b"]) {
        await page.keyboard.press("Tab");
        expect(await focused()).toBe(id);
      }
      elector.change({ hosts: ranked("c", "a", "d", "b") });
      await isRanked("b", "4");
      expect(await focused()).toBe("b");
      expect(await shown()).toBe("a b c d");
      await page.getByText("rows keep their places while the keyboard is among them").waitFor();
      // The new first one would have been passed over.
      for (const id of ["c", "d"]) {
        await page.keyboard.press("Tab");
        expect(await focused()).toBe(id);
      }
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.ariaLabel")).toBe("Events, the newest first");
      await expect.poll(shown, patience).toBe("c a d b");

      // By mouse: the row moves, and the link keeps the focus, in browsers that cannot move an element but take it out and in as well.
      await page.evaluate("delete Element.prototype.moveBefore");
      expect(await page.evaluate("'moveBefore' in document.body")).toBe(false);
      await rowOf(page, "a").getByRole("link").hover();
      await page.mouse.down();
      for (const order of ["b c d a", "a d c b", "d a b c"]) {
        expect(await focused()).toBe("a");
        elector.change({ hosts: ranked(...order.split(" ")) });
        await expect.poll(shown, patience).toBe(order);
      }
      expect(await focused()).toBe("a");
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  itWith(
    "chromium",
    "shows who leads, turns a killed leader red, and moves to a node that answers",
    async () => {
      const [a, b, c] = (await cluster) as [Node, Node, Node];
      const dead = new Set<string>();
      const { page, faults } = await openPage(b.url, dead);
      await page.locator('[data-host="c"] .status.connected').waitFor();
      // On busy cores the leader may not answer for a moment, which the page says (E69).
      await page.locator(".leader-name", { hasText: /^★a$/ }).waitFor();
      for (const id of ["a", "b", "c"]) await rowOf(page, id).getByText("● Connected", { exact: true }).waitFor();
      expect(await rowOf(page, "a").locator(".tag").textContent()).toBe("leader");
      expect(await page.locator(".rank.gold, .rank.silver, .rank.bronze").count()).toBe(3);
      expect(await page.locator(".device").textContent()).toMatch(/System name.+CPU model.+Total memory.+OS.+Version/);

      // Light and dark, wide and narrow, by keyboard alone.
      const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      expect(await violations(page, ...all)).toEqual([]);
      await page.screenshot({ path: join(artifacts, "election-dashboard.png"), fullPage: true });
      await page.emulateMedia({ colorScheme: "dark" });
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await violations(page, "wcag2aa", "wcag21aa", "wcag22aa")).toEqual([]); // contrast, and what depends on the width
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      await page.screenshot({ path: join(artifacts, "election-dashboard-phone.png"), fullPage: true });
      await page.setViewportSize({ width: 1160, height: 1000 });
      expect((await reachedByKeyboard(page)).sort()).toEqual(
        ["Events, the newest first", "a", "b", "c", "name or address"].sort(),
      );
      await page.keyboard.press("Escape");

      // The leader dies.
      await page.evaluate(noteHeadlines);
      dead.add(new URL(a.url).origin);
      a.process.kill("SIGKILL");
      await rowOf(page, "a").locator(".status.disconnected").waitFor();
      expect(await rowOf(page, "a").textContent()).toContain("✕ Disconnected");
      await page.locator(".log", { hasText: /a led for .*, until it was not heard any more/ }).waitFor();
      await page.locator(".leader-name", { hasText: /[bc]$/ }).waitFor();
      await page.locator('[role="status"]', { hasText: /^[bc] leads in epoch 2\.$/ }).waitFor({ state: "attached" });
      await page.locator('[data-host="c"] .status.connected').waitFor();

      expect(await page.evaluate("headlines.join('; ')")).toMatch(
        /a does not answer Last heard at .* ago: .*|Nobody leads b (asks .* who leads, and waits for its turn|is about to lead)/,
      );

      // The node that the page listens to dies.
      dead.add(new URL(b.url).origin);
      b.process.kill("SIGKILL");
      await page.locator('[data-connection="live"]', { hasText: new URL(c.url).host }).waitFor();
      const moved = `${new URL(b.url).host} does not answer any more; now listening to c at ${new URL(c.url).host}`;
      await page.locator('[role="status"].banner', { hasText: moved }).waitFor();
      await rowOf(page, "a").locator(".status.disconnected").waitFor();
      expect(await violations(page, "wcag2aa", "wcag21aa", "wcag22aa")).toEqual([]);
      expect(await page.locator(".timeline svg rect").count()).toBeGreaterThan(3);
      expect(await page.locator(".timeline").getAttribute("aria-label")).toMatch(
        /a led for .*[bc] led for .*nobody led for /,
      );
      await page.screenshot({ path: join(artifacts, "election-dashboard-dark.png"), fullPage: true });
      expect(faults).toEqual([]);
      await page.close();
    },
    90_000,
  );
});
