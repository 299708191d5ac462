/** Bugs of the parser and the codecs, each with the check that notices it (docs/rake.md R1 to R16). */
import {
  type ClientMessage,
  matches,
  RemoteProtocolError,
  V1Decoder,
  type V1Event,
  type V1Limits,
} from "../../src/core/index.js";
import { Faults } from "../../src/core/rakefile-faults.js";
import { HostList } from "../../src/core/rakefile-hosts.js";
import { SetList } from "../../src/core/rakefile-sets.js";
import { FieldReader, FieldWriter } from "../../src/core/wire.js";
import { hearing } from "../v1/streams.js";
import { shipped } from "./checks.js";

/** Breaks the code; answers what mends it. */
export type Mutation = () => () => void;

export interface Mutant {
  readonly rule: string;
  readonly bug: string;
  readonly mutation: Mutation;
  /** The check that must fail. */
  readonly killer: string;
}

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape
type Method = (this: any, ...args: any[]) => any;

/** A method of a class does another thing. */
function patched(
  { prototype }: { readonly prototype: object },
  name: string,
  make: (method: Method) => Method,
): Mutation {
  return () => {
    const before = Object.getOwnPropertyDescriptor(prototype, name);
    if (typeof before?.value !== "function") throw new Error(`there is no method ${name}`);
    Object.defineProperty(prototype, name, { ...before, value: make(before.value as Method) });
    return () => Object.defineProperty(prototype, name, before);
  };
}

function replaced<Name extends keyof typeof shipped>(
  name: Name,
  make: (before: (typeof shipped)[Name]) => (typeof shipped)[Name],
): Mutation {
  return () => {
    const before = shipped[name];
    shipped[name] = make(before);
    return () => {
      shipped[name] = before;
    };
  };
}

function decoder(Decoder: typeof V1Decoder): Mutation {
  return () => {
    hearing.Decoder = Decoder;
    return () => {
      hearing.Decoder = V1Decoder;
    };
  };
}

/** A check of the parser is not made: its fault is not told. */
const silent = (found: RegExp, accepted = /./): Mutation =>
  patched(
    Faults,
    "addAt",
    (add) =>
      function (line, column, what, instead) {
        if (!found.test(what) || !accepted.test(instead)) add.call(this, line, column, what, instead);
      },
  );

const PARSER: readonly Mutant[] = [
  { rule: "R1", bug: "a port is any number", mutation: silent(/65536/), killer: "fault: R1: port 65536" },
  {
    rule: "R1",
    bug: "what is behind the port is dropped",
    mutation: silent(/./, /nothing more/),
    killer: "fault: R1: two ports",
  },
  {
    rule: "R1",
    bug: "a host may be named twice",
    mutation: silent(/second time/, /host/),
    killer: "fault: R1: one host twice",
  },
  {
    rule: "R1",
    bug: "a set may be named twice",
    mutation: silent(/second time/, /name/),
    killer: "fault: R1: a name used twice",
  },
  {
    rule: "R1",
    bug: "HOSTS may stand anywhere",
    mutation: silent(/HOSTS behind/),
    killer: "fault: R1: HOSTS behind a set",
  },
  {
    rule: "R1",
    bug: "actions need no set",
    mutation: silent(/^an action$/),
    killer: "fault: R1: an action before any set",
  },
  {
    rule: "R1",
    bug: "any word at the edge is skipped",
    mutation: silent(/./, /^PORT = n/),
    killer: "fault: another word",
  },
  {
    rule: "R1",
    bug: "the PORT of that time counts, not the last",
    mutation: patched(
      HostList,
      "hosts",
      (hosts) =>
        function (line, words) {
          const named = words.map((word: { readonly text: string }) => ({
            ...word,
            text: word.text.includes(":") ? word.text : `${word.text}:1`,
          }));
          hosts.call(this, line, named);
        },
    ),
    killer: "parsed: the last PORT counts",
  },
  {
    rule: "R2",
    bug: "a hyphen anywhere makes it remote",
    mutation: patched(
      SetList,
      "action",
      (action) =>
        function (line, from) {
          action.call(this, { ...line, text: line.text.replace(/^\t.*remote-/, "\tremote-") }, from);
        },
    ),
    killer: "parsed: remote- at the beginning",
  },
  {
    rule: "R6",
    bug: "a command is cut at a hyphen",
    mutation: patched(
      SetList,
      "action",
      (action) =>
        function (line, from) {
          action.call(this, { ...line, text: line.text.replace(/(?<!remote)-.*/, "") }, from);
        },
    ),
    killer: "parsed: the command behind remote-",
  },
  {
    rule: "R3",
    bug: "an empty set is dropped",
    mutation: patched(
      SetList,
      "end",
      (end) =>
        function () {
          return end.call(this).filter(({ actions }: { readonly actions: readonly unknown[] }) => actions.length > 0);
        },
    ),
    killer: "parsed: an empty set",
  },
  {
    rule: "R1",
    bug: "only the first line of requires counts",
    mutation: patched(SetList, "detail", (detail) => {
      const seen = new WeakSet<object>();
      return function (line, from) {
        if (!seen.has(this)) detail.call(this, line, from);
        seen.add(this);
      };
    }),
    killer: "parsed: requires add up",
  },
  { rule: "R4", bug: "--course takes extensions", mutation: silent(/--course/), killer: "parsed: --course" },
  { rule: "R4", bug: "an unknown word is skipped", mutation: silent(/needs/), killer: "fault: R4: another word" },
  { rule: "R4", bug: "a time needs no unit", mutation: silent(/^"30"$/), killer: "fault: R4: a time without unit" },
  {
    rule: "R5",
    bug: "columns from 0",
    mutation: patched(
      Faults,
      "addAt",
      (add) =>
        function (line, column, found, accepted) {
          add.call(this, line, column - 1, found, accepted);
        },
    ),
    killer: "fault: R1: port 0",
  },
  {
    rule: "R5",
    bug: "stops at the first fault",
    mutation: patched(
      Faults,
      "sorted",
      (sorted) =>
        function () {
          return sorted.call(this).slice(0, 1);
        },
    ),
    killer: "parsed: at most 20 faults",
  },
  {
    rule: "R5",
    bug: "faults in the order in which they were found",
    mutation: patched(
      Faults,
      "sorted",
      (sorted) =>
        function () {
          return sorted.call(this).reverse();
        },
    ),
    killer: "parsed: faults in order",
  },
  {
    rule: "R7",
    bug: "absolute paths are taken",
    mutation: silent(/which is absolute/),
    killer: "fault: R7: an absolute path",
  },
  { rule: "R7", bug: "paths may leave the folder", mutation: silent(/"\.\."/), killer: "fault: R7: a path above" },
];

const ignoring = (what: RegExp, min: boolean): Mutation =>
  patched(
    FieldReader,
    "u64",
    (u64) =>
      function (name: string, least = 0, most = Number.MAX_SAFE_INTEGER) {
        const loose = what.test(name);
        return u64.call(this, name, loose && min ? 0 : least, loose && !min ? Number.MAX_SAFE_INTEGER : most);
      },
  );

const CODEC: readonly Mutant[] = [
  {
    rule: "R12",
    bug: "codes from 1",
    mutation: patched(
      FieldWriter,
      "code",
      () =>
        function (values, value) {
          return this.u64(values.indexOf(value) + 1);
        },
    ),
    killer: "vectors: are written",
  },
  {
    rule: "R12",
    bug: "a digest goes as its text",
    mutation: patched(
      FieldWriter,
      "digest",
      () =>
        function (digits) {
          return this.text(digits, 64, 64);
        },
    ),
    killer: "vectors: are written",
  },
  {
    rule: "R12",
    bug: "an unknown type is an error",
    mutation: replaced("client", (client) => (payload) => {
      const message = client(payload);
      if (message === undefined) throw new RemoteProtocolError("BAD_MESSAGE", "an unknown type");
      return message;
    }),
    killer: "v2: an unknown type is skipped",
  },
  {
    rule: "R12",
    bug: "bytes left over are an error",
    mutation: replaced("client", (client) => (payload) => {
      if (payload.length % 8 !== 0) throw new RemoteProtocolError("BAD_MESSAGE", "left over");
      return client(payload);
    }),
    killer: "v2: bytes left over",
  },
  {
    rule: "R14",
    bug: "a body may be larger",
    mutation: ignoring(/length of the body/, false),
    killer: "refused: R14: a body of 65,537",
  },
  {
    rule: "R14",
    bug: "a path may be longer",
    mutation: ignoring(/length of the path/, false),
    killer: "refused: R14: a path of 4,097",
  },
  {
    rule: "R14",
    bug: "a name may be empty",
    mutation: ignoring(/length of the name/, true),
    killer: "refused: R14: a name of no bytes",
  },
  { rule: "R14", bug: "a heartbeat of 0", mutation: ignoring(/heartbeat/, true), killer: "refused: R14: no heartbeat" },
  {
    rule: "R14",
    bug: "the text of a BYE is not cut",
    mutation: patched(
      FieldWriter,
      "cut",
      () =>
        function (text) {
          return this.text(text, 0, 1e6);
        },
    ),
    killer: "v2: a text is cut",
  },
  {
    rule: "R15",
    bug: "a flag is any integer",
    mutation: ignoring(/last flag/, false),
    killer: "refused: a last flag of 2",
  },
  { rule: "R15", bug: "action 0 is one", mutation: ignoring(/action id/, true), killer: "refused: action 0" },
  {
    rule: "R15",
    bug: "a server may say what a client says",
    mutation: replaced("server", (server) => (payload) => (payload[7] === 5 ? undefined : server(payload))),
    killer: "v2: a QUOTE from a server",
  },
  {
    rule: "R15",
    bug: "a client may say what a server says",
    mutation: replaced(
      "client",
      (client) => (payload) =>
        payload[7] === 6 ? (shipped.server(payload) as unknown as ClientMessage) : client(payload),
    ),
    killer: "v2: a BID from a client",
  },
  {
    rule: "R15",
    bug: "memory is taken for any count",
    mutation: patched(
      FieldReader,
      "list",
      (list) =>
        function (what, _bytes, read) {
          return list.call(this, what, 0, read);
        },
    ),
    killer: "refused: a count past the end",
  },
  {
    rule: "R16",
    bug: "both roles have one mac",
    mutation: replaced(
      "macOf",
      (macOf) =>
        (_role, ...rest) =>
          macOf("server", ...rest),
    ),
    killer: "vectors: macs",
  },
  {
    rule: "R16",
    bug: "the nonces change places",
    mutation: replaced(
      "macOf",
      (macOf) =>
        (role, secret, client, server, ...rest) =>
          macOf(role, secret, server, client, ...rest),
    ),
    killer: "vectors: macs",
  },
];

/** Another V1Decoder: what it hears is changed. */
const hears = (change: (event: V1Event) => readonly V1Event[]): Mutation =>
  decoder(
    class extends V1Decoder {
      override *read(bytes: Uint8Array): Generator<V1Event, void, undefined> {
        for (const event of super.read(bytes)) yield* change(event);
      }
    },
  );
const limits = (change: Partial<V1Limits>): Mutation =>
  decoder(
    class extends V1Decoder {
      constructor(dialect: "v1-4" | "v1-8", from: "client" | "server", given: V1Limits) {
        super(dialect, from, { ...given, ...change });
      }
    },
  );

const V1: readonly Mutant[] = [
  {
    rule: "R8",
    bug: "integers of eight bytes in v1-4",
    mutation: decoder(
      class extends V1Decoder {
        constructor(_dialect: "v1-4" | "v1-8", from: "client" | "server", given: V1Limits) {
          super("v1-8", from, given);
        }
      },
    ),
    killer: "v1: a quote is done",
  },
  {
    rule: "R9",
    bug: "a file has no bound",
    mutation: limits({ maxFileBytes: 2 ** 53 - 1 }),
    killer: "v1 refused: a file of 1,001",
  },
  {
    rule: "R9",
    bug: "a stream has no bound",
    mutation: limits({ maxStringBytes: 2 ** 53 - 1 }),
    killer: "v1 refused: a stream of 501",
  },
  {
    rule: "R9",
    bug: "a part of an answer is an answer",
    mutation: decoder(
      class extends V1Decoder {
        override get isDone(): boolean {
          return true;
        }
      },
    ),
    killer: "v1: an answer in part",
  },
  {
    rule: "R9",
    bug: "an empty file has no end",
    mutation: hears((event) => (event.type === "BODY_END" ? [] : [event])),
    killer: "v1: an empty file ends",
  },
  {
    rule: "R9",
    bug: "what comes behind the last message is dropped",
    mutation: decoder(
      class extends V1Decoder {
        override *read(bytes: Uint8Array): Generator<V1Event, void, undefined> {
          try {
            yield* super.read(bytes);
          } catch (error) {
            if (!(error instanceof Error) || !error.message.startsWith("bytes behind")) throw error;
          }
        }
      },
    ),
    killer: "v1 refused: a byte behind a command",
  },
  {
    rule: "R10",
    bug: "v2 is told after four bytes",
    mutation: replaced("dialectOf", (of) => (bytes) => (bytes.length === 4 && bytes[3] === 0 ? "v2" : of(bytes))),
    killer: "first: v1-8 after eight",
  },
  {
    rule: "R10",
    bug: "any length above the codes is a HELLO's",
    mutation: replaced("dialectOf", (of) => (bytes) => (bytes[7] === 8 ? "v2" : of(bytes))),
    killer: "first: a frame of 8 bytes",
  },
  {
    rule: "R10",
    bug: "a first frame may be larger",
    mutation: replaced("dialectOf", (of) => (bytes) => (bytes[5] === 1 ? "v2" : of(bytes))),
    killer: "first: a frame of 65,537",
  },
  {
    rule: "R7",
    bug: "only the beginning of a path is looked at",
    mutation: replaced("pathFault", (fault) => (path) => fault(path.split("/")[0] as string)),
    killer: "paths: above the folder",
  },
  {
    rule: "R7",
    bug: "a name may not begin with two dots",
    mutation: replaced("pathFault", (fault) => (path) => (path.startsWith("..") ? "is above" : fault(path))),
    killer: "paths: a dot in a name",
  },
  {
    rule: "R4",
    bug: "* goes across folders",
    mutation: replaced("matches", () => (pattern, path) => matches(pattern, path.replaceAll("/", ""))),
    killer: "patterns: * within one name",
  },
  {
    rule: "R4",
    bug: "** is one folder",
    mutation: replaced("matches", () => (pattern, path) => matches(pattern.replaceAll("**", "*"), path)),
    killer: "patterns: ** for no folder",
  },
];

export const MUTANTS: readonly Mutant[] = [...PARSER, ...CODEC, ...V1];
