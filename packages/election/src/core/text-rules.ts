/** What the texts of messages and options may hold (election rule E2). */

/** Control characters, and those that turn a line around: what is shown to a person stays on its line and in its place. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
/** Of host names, numbers and ports alone: no bytes with which another protocol could be spoken to whoever listens there. */
const ADDRESS = /^[A-Za-z0-9._:%[\]-]*$/;

export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}
