/** A colour for each host, the same on every page that knows the same hosts. */

/** `--band-0` and so on in the style sheet. */
export const COLOURS = 12;

/** By the id's hash; of ids with one hash the later in order takes the next colour that is free, while there is one. */
export function coloursOf(ids: Iterable<string>): ReadonlyMap<string, number> {
  const colours = new Map<string, number>();
  const taken = new Set<number>();
  for (const id of [...new Set(ids)].sort()) {
    let colour = hash(id) % COLOURS;
    while (taken.size < COLOURS && taken.has(colour)) colour = (colour + 1) % COLOURS;
    taken.add(colour);
    colours.set(id, colour);
  }
  return colours;
}

/** FNV-1a of its UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
