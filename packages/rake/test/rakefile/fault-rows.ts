/** Rakefiles with one fault, and how it is told (docs/rake.md R5). */

export const EDGE: string = "PORT = n, HOSTS = h1 h2, actionsetN:, or an action behind one TAB";
export const PORT: string = "a port from 1 to 65535";
export const HOST: string = "name, name:port, [IPv6 address] or [IPv6 address]:port";
export const SET: string = "actionsetN: with nothing behind it";
export const PATH: string = "a path relative to the Rakefile's folder, below it";
const TIME = "timeout and one time, a whole number and ms, s, m or h, from 1 ms to 2^31-1 ms";
export const DETAILS: string = "requires f1 f2 ..., produces p1 p2 ..., on r1 r2 ..., timeout 30s";
export const SOME: string = "actionset1:\n\tremote-x\n";

export type Row = readonly [string, string, string];
export const at = (place: string, found: string, accepted: string): string =>
  `${place}: found ${found}; accepted: ${accepted}`;

/** What is wrong, a text, and its one fault. */
export const FAULTS: readonly Row[] = [
  ["another word at the left edge", "all: x", at("1:1", '"all:"', EDGE)],
  ["a lower-case port", "\nport = 7", at("2:1", '"port"', EDGE)],
  ["PORT without =", "PORT 7", at("1:1", '"PORT"', EDGE)],
  ["a blank at the left edge", " PORT = 7", at("1:1", "a blank", "one TAB before an action, two before requires")],
  ["blanks before an action", `${SOME}    y`, at("3:1", "a blank", "one TAB before an action, two before requires")],
  ["a NUL", `${SOME}\ta\0b`, at("3:3", "a NUL", "text")],
  ["R1: no port", "PORT =", at("1:7", "no port", PORT)],
  ["R1: port 0", "PORT = 0", at("1:8", '"0"', PORT)],
  ["R1: port 65536", "PORT = 65536", at("1:8", '"65536"', PORT)],
  ["R1: a port of letters", "PORT = http", at("1:8", '"http"', PORT)],
  ["R1: a negative port", "PORT = -1", at("1:8", '"-1"', PORT)],
  ["R1: two ports", "PORT = 1 2", at("1:10", '"2"', "nothing more on the line")],
  ["R1: no host", "HOSTS = # a", at("1:8", "no host", HOST)],
  ["R1: hosts with commas", "HOSTS = a, b", at("1:9", '"a,"', HOST)],
  ["R1: a host's port 0", "HOSTS = a b:0", at("1:13", '"0"', PORT)],
  ["R1: a host without the port behind its colon", "HOSTS = a:", at("1:11", '""', PORT)],
  ["R1: IPv6 without brackets", "HOSTS = ::1", at("1:9", '"::1"', HOST)],
  ["R1: brackets without an address", "HOSTS = [a]", at("1:9", '"[a]"', HOST)],
  ["R1: no name before the port", "HOSTS = :7", at("1:9", '":7"', HOST)],
  ["R1: a name with a slash", "HOSTS = a/b", at("1:9", '"a/b"', HOST)],
  ["R1: one host twice", "HOSTS = a b\nHOSTS = A", at("2:9", '"A" a second time', "each host and port once")],
  ["R1: and by the PORT", "HOSTS = a a:7\nPORT = 7", at("1:11", '"a:7" a second time', "each host and port once")],
  [
    "R1: PORT behind a set",
    "actionset1:\nPORT = 7",
    at("2:1", "PORT behind an action set", "PORT before the first set"),
  ],
  [
    "R1: HOSTS behind a set",
    "actionset1:\nHOSTS = a",
    at("2:1", "HOSTS behind an action set", "HOSTS before the first set"),
  ],
  ["R1: a set without a colon", "actionset1", at("1:11", "the end of the line", SET)],
  ["R1: a blank before the colon", "actionset1 :", at("1:11", '" :"', SET)],
  ["R1: something behind the colon", "actionset1: a b", at("1:12", '" a b"', SET)],
  [
    "R1: a name used twice",
    "actionset1:\nactionset1:",
    at("2:1", '"actionset1" a second time', "another name than that of line 1"),
  ],
  ["R1: an action before any set", "\tx", at("1:2", "an action", "actionsetN: before the first action")],
  ["R2: no command", "actionset1:\n\tremote- ", at("2:9", "no command", "remote- and a command")],
  [
    "R1: two TABs before any action",
    "actionset1:\n\t\trequires a",
    at("2:3", '"requires"', "an action behind one TAB first"),
  ],
  [
    "R1: behind another set's action",
    `${SOME}actionset2:\n\t\trequires a`,
    at("4:3", '"requires"', "an action behind one TAB first"),
  ],
  ["R1: three TABs", `${SOME}\t\t\trequires a`, at("3:3", "a third TAB", `two TABs and ${DETAILS}`)],
  ["R4: another word", `${SOME}\t\tneeds a`, at("3:3", '"needs"', DETAILS)],
  ["R4: a word of every object", `${SOME}\t\tconstructor a`, at("3:3", '"constructor"', DETAILS)],
  ["R4: requires nothing", `${SOME}\t\trequires`, at("3:11", "nothing", "requires f1 f2 ...")],
  ["R4: produces nothing", `${SOME}\t\tproduces # a`, at("3:11", "nothing", "produces p1 p2 ...")],
  ["R4: on nothing", `${SOME}\t\ton`, at("3:5", "nothing", "on r1 r2 ...")],
  [
    "R4: a resource of 65 bytes",
    `${SOME}\t\ton g ${"r".repeat(65)}`,
    at("3:8", `"${"r".repeat(60)}..."`, "a resource of at most 64 bytes, not 65"),
  ],
  [
    "R4: produces of a local action",
    "actionset1:\n\tx\n\t\tproduces a",
    at("3:3", '"produces" of a local action', "produces for remote actions alone"),
  ],
  [
    "R4: on of a local action",
    "actionset1:\n\tx\n\t\ton g",
    at("3:3", '"on" of a local action', "on for remote actions alone"),
  ],
  ...["requires a", "produces a b", "on g", "timeout 30s"].map((text): Row => {
    const [word] = text.split(" ");
    const accepted = `a command here; two TABs before ${word}`;
    return [`R1: one TAB before ${text}`, `${SOME}\t${text}`, at("3:2", `"${word}" behind one TAB`, accepted)];
  }),
  ["R4: no time", `${SOME}\t\ttimeout`, at("3:10", "nothing", TIME)],
  ["R4: a time without unit", `${SOME}\t\ttimeout 30`, at("3:11", '"30"', TIME)],
  ["R4: a time of 0", `${SOME}\t\ttimeout 0s`, at("3:11", '"0s"', TIME)],
  ["R4: a time of 2^31 ms", `${SOME}\t\ttimeout 2147483648ms`, at("3:11", '"2147483648ms"', TIME)],
  ["R4: two times", `${SOME}\t\ttimeout 1m 30s`, at("3:14", '"30s"', TIME)],
  ["R4: a second timeout", `${SOME}\t\ttimeout 1m\n\t\ttimeout 2m`, at("4:3", "a second timeout", "one for an action")],
  ["R7: an absolute path", `${SOME}\t\trequires a /etc/passwd`, at("3:14", '"/etc/passwd", which is absolute', PATH)],
  ["R7: a path above the folder", `${SOME}\t\trequires ../a`, at("3:12", '"../a", which has the name ".."', PATH)],
  ["R7: and on the way", `${SOME}\t\tproduces a/../../b`, at("3:12", '"a/../../b", which has the name ".."', PATH)],
  ["R7: a dot", `${SOME}\t\trequires ./a`, at("3:12", '"./a", which has the name "."', PATH)],
  ["R7: an empty name", `${SOME}\t\trequires a//b`, at("3:12", '"a//b", which has an empty name', PATH)],
  ["R7: a folder", `${SOME}\t\trequires a/`, at("3:12", '"a/", which has an empty name', PATH)],
  ["R7: a backslash", `${SOME}\t\trequires a\\b`, at("3:12", '"a\\b", which holds a backslash', PATH)],
  ["R7: an absolute pattern", `${SOME}\t\tproduces /tmp/*`, at("3:12", '"/tmp/*", which is absolute', PATH)],
  [
    "columns are characters, not code units",
    `${SOME}\t\trequires \u{1f600}\u{1f600} /a`,
    at("3:15", '"/a", which is absolute', PATH),
  ],
  ["what would turn the line round is shown by its number", "\u202ex\u0007", at("1:1", '"\\u{202e}x\\u{7}"', EDGE)],
];
