/** The messages of wire v1, the course's (docs/rake.md R8, R9). */

/** Their numbers on the wire. DEBUG (0) is not used. */
export const V1_CODE = {
  QUOTE_REQUEST: 1,
  QUOTE_REPLY: 2,
  BIN_FILE: 3,
  SEND_FILE: 4,
  EXECUTE: 5,
  RETURN_STATUS: 6,
  RETURN_STDOUT: 7,
  RETURN_STDERR: 8,
  RETURN_FILE: 9,
  ACK: 10,
  NO_OUTPUT: 11,
} as const;

/** What one end says; the bytes of a file or of a stream, `size` of them, follow a message that has a size. */
export type V1Message =
  | { readonly type: "QUOTE_REQUEST" }
  | { readonly type: "QUOTE_REPLY"; readonly cost: number }
  /** An input: BIN_FILE as it is, SEND_FILE text, which here are bytes too. */
  | { readonly type: "BIN_FILE" | "SEND_FILE"; readonly name: string; readonly size: number }
  | { readonly type: "EXECUTE"; readonly command: string }
  /** Status 0; a RETURN_FILE follows. */
  | { readonly type: "RETURN_STATUS" }
  /** A status from 1. */
  | { readonly type: "RETURN_STDOUT" | "RETURN_STDERR"; readonly status: number; readonly size: number }
  | { readonly type: "RETURN_FILE"; readonly name: string; readonly size: number }
  | { readonly type: "ACK" }
  /** Status 0 without an output. */
  | { readonly type: "NO_OUTPUT" };

export type V1Event =
  | V1Message
  /** At least one byte of what the message before announced, a view of what was read. */
  | { readonly type: "BODY"; readonly bytes: Uint8Array }
  /** All of it has come; of an empty one too. */
  | { readonly type: "BODY_END" };
