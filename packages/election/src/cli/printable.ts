/** Words of other nodes made safe to show (core/printable.ts). */
export { printable, printableJson } from "../core/printable.js";
