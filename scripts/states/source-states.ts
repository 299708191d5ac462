/** The states that a source lists, as a union of strings. */

/**
 * @param type the alias or the field: `type Phase = "a" | "b"` or `#state: "a" | "b" = "a"`
 * @throws Error where the source has no such union
 */
export function statesInSource(source: string, type: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const [, union = ""] = new RegExp(`(?:type ${type} =|\\s${type}:)\\s*((?:\\|?\\s*"[^"]+"\\s*)+)`).exec(code) ?? [];
  const states = [...union.matchAll(/"([^"]+)"/g)].map(([, state = ""]) => state);
  if (states.length < 2) throw new Error(`there is no union of states named ${type}`);
  return states;
}
