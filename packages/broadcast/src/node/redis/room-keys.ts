/** The keys of a room in Redis. All share a hash tag, so that a cluster keeps them in one place. */

/** What the scripts take as KEYS, in this order; session keys are the last one with the client id behind it. */
export function roomKeys(prefix: string, room: string, epoch: string): readonly string[] {
  const base = roomBase(prefix, room);
  return [`${base}meta`, `${base}log:${epoch}`, `${base}owners`, `${base}seen`, `${base}left`, `${base}members`, base];
}

/** A room's name may hold braces, which would end the hash tag: they are percent-encoded, as all that is no plain letter. */
function roomBase(prefix: string, room: string): string {
  return `${prefix}{${encodeURIComponent(room)}}:`;
}
