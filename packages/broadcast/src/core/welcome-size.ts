/** How many members a WELCOME can name in one frame (docs/broadcast.md B5, B10, B23). */

import { MAX_SERVER_FRAME_BYTES } from "./codec.js";
import { MAX_NAME_BYTES } from "./text-rules.js";

/** Of the payload of one without members: the type, and the count of the list, which is its end. */
export const WELCOME_BYTES = 90;
/** A number, and the length of a name. */
const BESIDE_NAME_BYTES = 6;

/** However long their names are: 239,673. */
export const MAX_LISTED_MEMBERS: number = Math.floor(
  (MAX_SERVER_FRAME_BYTES - WELCOME_BYTES) / (BESIDE_NAME_BYTES + MAX_NAME_BYTES),
);
