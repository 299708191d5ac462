/** The links of a document that lead nowhere. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { anchors, links } from "./markdown.js";

/** Those to no file, or to no heading of the file. @param root where links that begin with a slash begin */
export function deadLinks(path: string, root: string): string[] {
  const text = readFileSync(path, "utf8");
  return links(text).filter((link) => {
    if (/^[a-z][a-z+.-]*:/i.test(link)) return false;
    const [file = "", anchor = ""] = decodeURI(link).split("#");
    const target = file === "" ? path : join(file.startsWith("/") ? root : dirname(path), file);
    if (!existsSync(target)) return true;
    return anchor !== "" && target.endsWith(".md") && !anchors(readFileSync(target, "utf8")).has(anchor);
  });
}
