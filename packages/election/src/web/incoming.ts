/** What nodes say, made safe to show: every text in it came from some host, which may say anything. */

import { printable } from "../core/printable.js";

/** JSON in which nothing can turn or hide what a reader sees. Markup in it is no danger: the page writes text alone. */
export function parseShown(json: string): unknown {
  return JSON.parse(json, (_name, value: unknown) => (typeof value === "string" ? printable(value) : value));
}
