/** The links of a folder of HTML pages that lead nowhere. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Every link to a file or an anchor of the site that is not there, as `page: link`. */
export function deadPageLinks(site: string): string[] {
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  const anchors = new Map(files.map((file) => [join(site, file), anchorsOf(readFileSync(join(site, file), "utf8"))]));
  return files.flatMap((file) => {
    const page = join(site, file);
    const links = new Set(
      [...readFileSync(page, "utf8").matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link = ""]) => link),
    );
    return [...links].filter((link) => isDead(page, link, anchors)).map((link) => `${relative(site, page)}: ${link}`);
  });
}

function anchorsOf(html: string): Set<string> {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, name = ""]) => name));
}

function isDead(page: string, link: string, anchors: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (/^[a-z][a-z+.-]*:/i.test(link) || link.startsWith("//")) return false;
  const [file = "", anchor = ""] = decodeURI(link.replaceAll("&amp;", "&")).split("#");
  const target = file === "" ? page : join(dirname(page), file.replace(/\?.*/, ""));
  if (!existsSync(target) || target.endsWith(".md")) return true; // a page that is not of the site would be shown as it is written
  if (statSync(target).isDirectory()) return !existsSync(join(target, "index.html"));
  return anchor !== "" && anchors.get(target)?.has(anchor) === false;
}
