/** The start page: the README, with every protocol's document one click away. */
import type { CommentDisplayPart, DocumentReflection } from "typedoc";

export interface Section {
  readonly title: string;
  readonly says: string;
  readonly pages: readonly DocumentReflection[];
}

/** The README's content with lists of pages before its first section, and without its title, which the site's own heading says. */
export function startPage(readme: readonly CommentDisplayPart[], sections: readonly Section[]): CommentDisplayPart[] {
  const parts = readme.map((part, index) =>
    index === 0 && part.kind === "text" ? { ...part, text: part.text.replace(/^\s*# .*\n/, "") } : part,
  );
  const lists = sections.filter(({ pages }) => pages.length > 0).flatMap(listOf);
  const at = parts.findIndex(({ kind, text }) => kind === "text" && /^## /m.test(text));
  if (at === -1) return [...parts, ...lists];
  const text = parts[at]?.text ?? "";
  const section = text.search(/^## /m);
  return [
    ...parts.slice(0, at),
    { kind: "text", text: text.slice(0, section) },
    ...lists,
    { kind: "text", text: `\n\n${text.slice(section)}` },
    ...parts.slice(at + 1),
  ];
}

function listOf({ title, says, pages }: Section): CommentDisplayPart[] {
  return [
    { kind: "text", text: `\n\n## ${title}\n\n${says}\n` },
    ...pages.flatMap((page): CommentDisplayPart[] => [
      { kind: "text", text: "\n- " },
      { kind: "inline-tag", tag: "@link", text: page.name, target: page },
    ]),
  ];
}
