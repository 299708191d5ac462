/** What the tests read from a Markdown file: its fenced blocks, its links and the anchors of its headings. */

export interface CodeBlock {
  /** The words after the fence: the language first. */
  readonly info: readonly string[];
  readonly text: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
}

/** Splits a document into its fenced blocks and everything else (with the blocks' lines left empty). */
function split(document: string): { blocks: CodeBlock[]; prose: string } {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; indent: number; info: string[]; line: number; lines: string[] } | undefined;
  for (const [index, line] of document.split(/\r?\n/).entries()) {
    const [, indent = "", fence = "", info = ""] = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/.exec(line) ?? [];
    if (open === undefined && fence !== "") {
      open = { fence, indent: indent.length, info: info.split(/\s+/).filter(Boolean), line: index + 1, lines: [] };
    } else if (open !== undefined && fence.startsWith(open.fence) && info === "") {
      blocks.push({ info: open.info, text: `${open.lines.join("\n")}\n`, line: open.line });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(/^\s*$/.test(line.slice(0, open.indent)) ? line.slice(open.indent) : line);
    }
    prose.push(open === undefined && fence === "" ? line : "");
  }
  if (open !== undefined) throw new Error(`the block of line ${open.line} is never closed`);
  return { blocks, prose: prose.join("\n") };
}

export function codeBlocks(document: string): CodeBlock[] {
  return split(document).blocks;
}

/** The targets of every link, image and reference definition outside code. */
export function links(document: string): string[] {
  const prose = split(document).prose.replace(/(`+)[^`][\s\S]*?\1/g, "");
  const inline = [...prose.matchAll(/\]\(\s*<?([^\s()<>]+(?:\([^\s()]*\)[^\s()]*)?)>?(?:\s+["'(][^)]*)?\s*\)/g)];
  const definitions = [...prose.matchAll(/^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm)];
  return [...inline, ...definitions].map((match) => match[1] ?? "");
}

/** The anchors that the headings of a document get where it is shown (lower case, words joined by hyphens). */
export function anchors(document: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ""] of split(document).prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    for (let copy = 0; ; copy++) {
      const name = copy === 0 ? anchor : `${anchor}-${copy}`;
      if (found.has(name)) continue;
      found.add(name);
      break;
    }
  }
  return found;
}
