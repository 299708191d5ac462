/** The keys of a room's records: texts that sort by room, and the segments of a room by number (docs/broadcast.md B27). */

/** What the database is, and in which format: there from the beginning. */
export const FORMAT_KEY = "format";

export interface RoomKeys {
  readonly meta: string;
  readonly checkpoint: string;
  /** Every key of the room is at or above `from` and below `to`. */
  readonly from: string;
  readonly to: string;
  segment(first: number): string;
}

export function roomKeys(room: string): RoomKeys {
  const from = `room/${escapeRoom(room)}/`;
  const segments = `${from}segment/`;
  return {
    meta: `${from}meta`,
    checkpoint: `${from}checkpoint`,
    from,
    to: `${from.slice(0, -1)}0`, // "0" is the character behind "/"
    segment: (first) => segments + first.toString(16).padStart(14, "0"),
  };
}

/** Letters, digits, "-" and "_" stay; every other byte of the UTF-8 becomes "%" and two hexadecimal digits. */
function escapeRoom(room: string): string {
  let escaped = "";
  for (const byte of Buffer.from(room)) {
    const letter = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return escaped;
}
