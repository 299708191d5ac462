/**
 * The table of cases: what a client sends, byte for byte, and what it gets. The first part is row by row the table in
 * docs/hftp.md (H41) of inputs where servers of this protocol differ; the second part covers the other rules.
 * Each case runs against the session at several chunkings, against a real socket, and against every mutant.
 */
import type { MemoryEntry } from "./memory-directory.js";

export interface Case {
  /** Short and unique; named by the mutants that it kills. */
  readonly name: string;
  /** The rules that it shows. */
  readonly rules: string;
  /** What the client sends; each string is a segment of its own. */
  readonly sends: readonly string[];
  /** What the client does after sending; default: it waits. */
  readonly after?: "half-close" | "reset" | "shrink";
  /** All that it gets. */
  readonly gets: string;
  /** Whether the server ends the connection; default false. */
  readonly ends?: boolean;
}

const OK = "0 OK\r\n";
const BAD_EOL = "100 BAD EOL\r\n";
const BAD_REQUEST = "101 BAD REQUEST\r\n";
const INTERNAL = "199 INTERNAL SERVER ERROR\r\n";
const NO_COMMAND = "200 NO SUCH COMMAND\r\n";
const BAD_ARGUMENTS = "201 INVALID ARGUMENTS FOR COMMAND\r\n";
const NOT_FOUND = "202 FILE NOT FOUND\r\n";
const EXCEEDS = "203 OFFSET EXCEEDS FILE SIZE\r\n";

/** In base64: MDEyMzQ1Njc4OQ== */
const TEN = Buffer.from("0123456789");

/** The served files. `linked` is a symbolic link out of the directory, `sub` and `.` are directories. */
export const FILES: readonly (readonly [string, MemoryEntry])[] = [
  ["ten.txt", TEN],
  ["empty.txt", new Uint8Array(0)],
  ["shrinks.bin", new Uint8Array(200_000).fill(0x41)],
  ["linked", "outside"],
  ["sub", "directory"],
  [".", "directory"],
  ["..", "directory"],
];

/** The rows of the table of disputed inputs, in its order. */
export const DISPUTED: readonly Case[] = [
  { name: "an empty line", rules: "H9", sends: ["\r\n"], gets: BAD_REQUEST, ends: true },
  {
    name: "a leading, a double and a trailing space",
    rules: "H3 H14",
    sends: [" get_file_listing\r\nget_metadata  ten.txt\r\nget_metadata ten.txt \r\n"],
    gets: NO_COMMAND + BAD_ARGUMENTS + BAD_ARGUMENTS,
  },
  { name: "quit with a bare LF", rules: "H4", sends: ["quit\n"], gets: BAD_EOL, ends: true },
  {
    name: "an LF inside a command",
    rules: "H4",
    sends: ["get_meta\ndata ten.txt\r\n"],
    gets: BAD_EOL,
    ends: true,
  },
  {
    name: "a good command and one with a bad end in one segment",
    rules: "H4 H11",
    sends: ["get_metadata ten.txt\r\nget_metadata ten.txt\n"],
    gets: `${OK}10\r\n${BAD_EOL}`,
    ends: true,
  },
  { name: "NUL in a name", rules: "H5", sends: ["get_metadata ten\0.txt\r\n"], gets: BAD_ARGUMENTS },
  {
    name: "slices of no bytes",
    rules: "H17 H18",
    sends: ["get_slice ten.txt 0 0\r\nget_slice ten.txt 10 0\r\nget_slice empty.txt 0 0\r\n"],
    gets: `${OK}\r\n`.repeat(3),
  },
  {
    name: "a slice beyond the end",
    rules: "H6 H18",
    sends: [
      "get_slice ten.txt 5 6\r\nget_slice ten.txt 11 0\r\nget_slice ten.txt 0 100000000000000000000\r\n",
      "get_slice ten.txt 100000000000000000000 0\r\nget_slice empty.txt 0 1\r\n",
    ],
    gets: EXCEEDS.repeat(5),
  },
  {
    name: "numbers with a sign or an underscore",
    rules: "H6",
    sends: [
      "get_slice ten.txt -1 1\r\nget_slice ten.txt 0 -1\r\nget_slice ten.txt +5 1\r\nget_slice ten.txt 0 1_0\r\n",
    ],
    gets: BAD_ARGUMENTS.repeat(4),
  },
  {
    name: "names with other characters",
    rules: "H5",
    sends: ["get_metadata ../secret\r\nget_metadata /etc/hostname\r\nget_metadata a+b\r\nget_metadata *\r\n"],
    gets: BAD_ARGUMENTS.repeat(4),
  },
  {
    name: "a symbolic link out of the directory",
    rules: "H15",
    sends: ["get_metadata linked\r\nget_slice linked 0 1\r\n"],
    gets: NOT_FOUND.repeat(2),
  },
  {
    name: "a directory",
    rules: "H15",
    sends: ["get_metadata sub\r\nget_metadata .\r\nget_metadata ..\r\nget_slice sub 0 0\r\n"],
    gets: NOT_FOUND.repeat(4),
  },
  { name: "form before existence", rules: "H14", sends: ["get_slice nofile x x\r\n"], gets: BAD_ARGUMENTS },
  {
    name: "three commands in one segment",
    rules: "H1",
    sends: ["get_metadata ten.txt\r\nget_metadata nofile\r\nget_slice ten.txt 1 3\r\n"],
    gets: `${OK}10\r\n${NOT_FOUND}${OK}MTIz\r\n`,
  },
  {
    name: "a half-close after a command",
    rules: "H8",
    sends: ["get_metadata ten.txt\r\n"],
    after: "half-close",
    gets: `${OK}10\r\n`,
    ends: true,
  },
  {
    name: "a half-close in mid-line",
    rules: "H8",
    sends: ["get_metadata te"],
    after: "half-close",
    gets: "",
    ends: true,
  },
  { name: "a reset in mid-line", rules: "H8", sends: ["get_metadata te"], after: "reset", gets: "" },
  {
    name: "a file that shrinks during a slice",
    rules: "H18",
    sends: ["get_slice shrinks.bin 0 200000\r\n"],
    after: "shrink",
    gets: OK + Buffer.alloc(72 * 1024 * 2, 0x41).toString("base64"),
    ends: true,
  },
];

/** What the other rules say, as far as bytes can show it. */
export const FURTHER: readonly Case[] = [
  {
    name: "a listing of regular files with servable names",
    rules: "H23",
    sends: ["get_file_listing\r\n"],
    gets: `${OK}ten.txt\r\nempty.txt\r\nshrinks.bin\r\n\r\n`,
  },
  {
    name: "help",
    rules: "H25",
    sends: ["help\r\n"],
    gets: `${OK}get_file_listing\r\nget_metadata\r\nget_slice\r\nhelp\r\nquit\r\n\r\n`,
  },
  {
    name: "slices in base64 and raw",
    rules: "H17",
    sends: ["get_slice ten.txt 0 10\r\nget_slice ten.txt 2 3 raw\r\nget_slice ten.txt 4 0 raw\r\n"],
    gets: `${OK}MDEyMzQ1Njc4OQ==\r\n${OK}Content-Length: 3\r\n\r\n234${OK}Content-Length: 0\r\n\r\n`,
  },
  {
    name: "a fifth word that is not raw",
    rules: "H17",
    sends: ["get_slice ten.txt 0 1 cooked\r\nget_slice ten.txt 0 1 RAW\r\nget_slice ten.txt 0 1 raw raw\r\n"],
    gets: BAD_ARGUMENTS.repeat(3),
  },
  { name: "what follows quit", rules: "H7", sends: ["quit\r\nget_file_listing\r\nx\n"], gets: OK, ends: true },
  {
    name: "the wrong number of arguments",
    rules: "H14",
    sends: [
      "get_file_listing x\r\nget_file_listing \r\nget_metadata\r\nget_metadata a b\r\nget_metadata \r\n",
      "get_slice ten.txt 0\r\nget_slice ten.txt\r\nget_slice\r\nhelp me\r\nquit now\r\n",
    ],
    gets: BAD_ARGUMENTS.repeat(10),
  },
  {
    name: "unknown commands",
    rules: "H3",
    sends: [" \r\nGET_METADATA ten.txt\r\nget\r\nget_file_listing2\r\nquit\r\r\n"],
    gets: NO_COMMAND.repeat(5),
  },
  {
    name: "a lone CR",
    rules: "H4",
    sends: ["get_metadata ten\r.txt\r\nget_metadata ten.txt\r", "\r\n"],
    gets: BAD_ARGUMENTS.repeat(2),
  },
  {
    name: "a CR LF cut in two",
    rules: "H4",
    sends: ["get_metadata ten.txt\r", "\nget_metadata ten.txt\r", "\n"],
    gets: `${OK}10\r\n`.repeat(2),
  },
  {
    name: "a byte beyond ASCII",
    rules: "H9 H11",
    sends: ["get_metadata ten.txt\r\nget_metadata caf\xe9"],
    gets: `${OK}10\r\n${BAD_REQUEST}`,
    ends: true,
  },
  {
    name: "the first fatal offence in byte order",
    rules: "H11",
    sends: ["get_metadata \xe9\nx\n"],
    gets: BAD_REQUEST,
    ends: true,
  },
  {
    name: "leading zeros",
    rules: "H6",
    sends: [`get_slice ten.txt ${"0".repeat(300)}1 0000000000000000000002\r\n`],
    gets: `${OK}MTI=\r\n`,
  },
  {
    name: "16 digits and 17",
    rules: "H6",
    sends: ["get_slice ten.txt 0 9999999999999999\r\nget_slice ten.txt 0 10000000000000000\r\n"],
    gets: EXCEEDS.repeat(2),
  },
  {
    name: "existence before range",
    rules: "H14",
    sends: ["get_slice nofile 99999999999999999999 1\r\n"],
    gets: NOT_FOUND,
  },
  {
    name: "a name of 255 bytes and one of 256",
    rules: "H5 H10",
    sends: [`get_metadata ${"x".repeat(255)}\r\nget_metadata ${"x".repeat(256)}\r\n`],
    gets: NOT_FOUND.repeat(2),
  },
  {
    name: "characters are checked beyond what is kept",
    rules: "H10",
    sends: [`get_metadata ${"x".repeat(5000)}+\r\nget_slice ${"x".repeat(5000)} 0 +\r\n`],
    gets: BAD_ARGUMENTS.repeat(2),
  },
  {
    name: "too many errors",
    rules: "H16",
    sends: ["x\r\n".repeat(65)],
    gets: NO_COMMAND.repeat(64) + BAD_REQUEST,
    ends: true,
  },
];

/** Cases against a directory that is missing. */
export const WITHOUT_DIRECTORY: readonly Case[] = [
  {
    name: "a listing of a missing directory",
    rules: "H2 H15",
    sends: ["get_file_listing\r\n"],
    gets: INTERNAL,
    ends: true,
  },
  { name: "a file of a missing directory", rules: "H2 H15", sends: ["get_metadata x\r\n"], gets: INTERNAL, ends: true },
];
