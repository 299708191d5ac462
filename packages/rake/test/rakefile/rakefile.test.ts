/** What a Rakefile may say (docs/rake.md R1 to R7). */
import { describe, expect, it } from "vitest";
import { actionOf, actionsOf, faultsOf, hostsOf, planOf } from "./parsed.js";

const WHOLE = `# a build
PORT = 7000   # of all
HOSTS = localhost 10.0.0.1:6333 # two
HOSTS = [::1]:6238 [fe80::1%eth0]

actionset1:
\tremote-cc -c a.c
\t\trequires a.c a.h
\t\trequires sub/b.h
\t\tproduces a.o
\t\ton cc linux
\t\ttimeout 30s
\techo hello
actionset2:
\tremote-cc -o prog *.o
\t\trequires a.o
`;

describe("R1: the lines of a Rakefile", () => {
  it("a whole one", () => {
    expect(planOf(WHOLE)).toEqual({
      hosts: [
        { host: "localhost", port: 7000 },
        { host: "10.0.0.1", port: 6333 },
        { host: "::1", port: 6238 },
        { host: "fe80::1%eth0", port: 7000 },
      ],
      sets: [
        {
          name: "actionset1",
          line: 6,
          actions: [
            {
              index: 0,
              line: 7,
              remote: true,
              command: "cc -c a.c",
              requires: ["a.c", "a.h", "sub/b.h"],
              produces: ["a.o"],
              on: ["cc", "linux"],
              timeoutMs: 30_000,
            },
            { index: 1, line: 13, remote: false, command: "echo hello", requires: [], produces: [], on: [] },
          ],
        },
        {
          name: "actionset2",
          line: 14,
          actions: [
            { index: 2, line: 15, remote: true, command: "cc -o prog *.o", requires: ["a.o"], produces: [], on: [] },
          ],
        },
      ],
    });
  });

  it.each<readonly [string, string, readonly string[]]>([
    ["nothing at all", "", []],
    ["no port: 6238", "HOSTS = a", ["a 6238"]],
    ["PORT counts for hosts before it", "HOSTS = a b:1\nPORT = 2", ["a 2", "b 1"]],
    ["the last PORT counts", "PORT = 1\nPORT = 2\nHOSTS = a", ["a 2"]],
    ["ports at the ends", "HOSTS = a:1 a:65535", ["a 1", "a 65535"]],
    ["two ports of one name are two hosts", "HOSTS = localhost:1 localhost:2", ["localhost 1", "localhost 2"]],
    ["several lines add up, in order", "HOSTS = b\nHOSTS = a", ["b 6238", "a 6238"]],
    ["IPv6 in brackets", "HOSTS = [::1]:6333 [::1]", ["::1 6333", "::1 6238"]],
    ["no white space round =", "PORT=7\nHOSTS=a", ["a 7"]],
    ["TABs round =", "PORT\t=\t7\nHOSTS\t=\ta\tb", ["a 7", "b 7"]],
    ["a comment without a blank before it", "HOSTS = a#b c", ["a 6238"]],
    ["names of all sorts", "HOSTS = h-1.example.org h_2 9h", ["h-1.example.org 6238", "h_2 6238", "9h 6238"]],
  ])("hosts: %s", (_name, text, expected) => {
    expect(hostsOf(text)).toEqual(expected);
  });

  it("a comment is dropped before anything else is looked at, also within a command and quotes", () => {
    expect(actionOf('\techo "a # b"').command).toBe('echo "a');
    expect(actionsOf("actionset1:\n#\tnone\n\t# none\n\t\t# none\n\techo a # b")).toHaveLength(1);
  });

  it("CRLF and LF end lines, and both may stand in one file", () => {
    const mixed = planOf(
      WHOLE.split("\n")
        .map((line, at) => line + (at % 2 === 0 ? "\r" : ""))
        .join("\n"),
    );
    expect(mixed).toEqual(planOf(WHOLE));
  });

  it("bytes are UTF-8, a byte order mark at the beginning is none of the text", () => {
    const bytes = new TextEncoder().encode("\ufeffactionset1:\n\techo Jürgen");
    expect(planOf(bytes).sets[0]?.actions[0]?.command).toBe("echo Jürgen");
  });

  it.each(["actionset1", "actionset", "actionset-last", "actionset_Jürgen"])("a set may be called %s", (name) => {
    expect(planOf(`${name}:`).sets).toEqual([{ name, line: 1, actions: [] }]);
  });
});

describe("R2: remote and local actions", () => {
  it.each<readonly [string, boolean, string]>([
    ["remote-cc -c a.c", true, "cc -c a.c"],
    ["cc -c a.c", false, "cc -c a.c"],
    ["x remote-y", false, "x remote-y"],
    ["remote-x remote-y", true, "x remote-y"],
    ["remotely", false, "remotely"],
    ["remote -x", false, "remote -x"],
    ["Remote-x", false, "Remote-x"],
    ["remote- x", true, "x"],
    ["  remote-x", true, "x"],
    ["remote--x", true, "-x"],
    ["sed 's/-/ /' a  >  b", false, "sed 's/-/ /' a  >  b"],
    ["requires", false, "requires"],
    ["one a", false, "one a"],
    ["timeout 30s make all", false, "timeout 30s make all"],
    ["remote-requires a", true, "requires a"],
  ])("%s", (line, remote, command) => {
    expect(actionOf(`\t${line}`)).toMatchObject({ remote, command });
  });

  it("a local action may require files too", () => {
    expect(actionOf("\tcat a\n\t\trequires a")).toMatchObject({ remote: false, requires: ["a"] });
  });
});

describe("R3: sets", () => {
  it("an empty one, at any place", () => {
    const { sets } = planOf("actionset1:\nactionset2:\n\ta\nactionset3:");
    expect(sets.map(({ name, actions }) => [name, actions.length])).toEqual([
      ["actionset1", 0],
      ["actionset2", 1],
      ["actionset3", 0],
    ]);
  });
});

describe("R4: what an action says of itself", () => {
  it("several lines of one kind add up, and what is said twice counts once", () => {
    const action = actionOf(
      "\tremote-x\n\t\trequires b a\n\t\tproduces p/*\n\t\ton g\n\t\trequires a c\n\t\tproduces p/** q\n\t\ton g h",
    );
    expect(action).toMatchObject({ requires: ["b", "a", "c"], produces: ["p/*", "p/**", "q"], on: ["g", "h"] });
  });

  it.each([
    ["1ms", 1],
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["007s", 7_000],
    ["2147483647ms", 2_147_483_647],
  ])("timeout %s", (text, timeoutMs) => {
    expect(actionOf(`\tx\n\t\ttimeout ${text}`).timeoutMs).toBe(timeoutMs);
  });

  it("--course takes what the course's programs take", () => {
    const text = "HOSTS = a\nactionset1:\n\tremote-x\n\t\trequires a b\n\ty";
    expect(planOf(text, { course: true })).toEqual(planOf(text));
  });
});

describe("R6: all of these are fine", () => {
  it.each<readonly [string, string]>([
    ["blanks at the end of every line", WHOLE.replaceAll("\n", " \t \n")],
    ["lines of blanks between the others", WHOLE.replaceAll("\n", "\n \t \n").replaceAll(/^ \t $/gm, " ")],
    ["a comment behind HOSTS", WHOLE.replace("# two", "#two")],
    ["comments behind every line", WHOLE.replaceAll("\n", "# x\n")],
    ["no last line end", WHOLE.trimEnd()],
    ["CRLF", WHOLE.replaceAll("\n", "\r\n")],
  ])("%s", (_name, text) => {
    const bare = (of: string) =>
      JSON.stringify(planOf(of), (key, value: unknown) => (key === "line" ? undefined : value));
    expect(bare(text)).toBe(bare(WHOLE));
  });

  it("a local last action", () => {
    expect(actionsOf("actionset1:\n\tremote-a\n\tb").at(-1)).toMatchObject({ remote: false, command: "b" });
  });

  it("a hyphen in a local command does not cut it", () => {
    expect(actionOf("\tcc -c -o a-b.o a-b.c").command).toBe("cc -c -o a-b.o a-b.c");
  });

  it.each([300, 4_096, 65_535])("lines of %d characters", (length) => {
    const command = "x".repeat(length - 1);
    expect(actionOf(`\t${command}`).command).toBe(command);
    const files = Array.from({ length: Math.floor(length / 8) - 2 }, (_, at) => `f${String(at).padStart(6, "0")}`);
    expect(actionOf(`\tx\n\t\trequires ${files.join(" ")}`).requires).toEqual(files);
  });

  it("eight short actions in a set, and many", () => {
    const many = Array.from({ length: 10_000 }, () => "\ta").join("\n");
    expect(actionsOf(`actionset1:\n${many}`)).toHaveLength(10_000);
    expect(faultsOf(`actionset1:\n${many}\n\tb`)).toEqual([
      "10002:2: found action 10001; accepted: at most 10000 actions",
    ]);
  });
});
