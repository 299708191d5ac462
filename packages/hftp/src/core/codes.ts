/** The status codes of HFTP and their texts (docs/hftp.md, H12). */
export const STATUS_TEXTS = {
  0: "OK",
  100: "BAD EOL",
  101: "BAD REQUEST",
  199: "INTERNAL SERVER ERROR",
  200: "NO SUCH COMMAND",
  201: "INVALID ARGUMENTS FOR COMMAND",
  202: "FILE NOT FOUND",
  203: "OFFSET EXCEEDS FILE SIZE",
} as const;

/** A status code of the protocol. A peer may send others; a client hands those on as plain numbers. */
export type StatusCode = keyof typeof STATUS_TEXTS;

/** 1xx: reported once, then the server closes the connection (H13). */
export type FatalCode = 100 | 101 | 199;

/** 2xx: one status line, and the connection goes on (H13). */
export type RefusalCode = 200 | 201 | 202 | 203;

/** Whether a status code ends the connection (H13). */
export function isFatal(code: number): boolean {
  return code >= 100 && code < 200;
}
