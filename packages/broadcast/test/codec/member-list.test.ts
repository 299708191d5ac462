/** The list of members in a WELCOME: right, and not made anew for everybody who comes (docs/broadcast.md B1, B10, guarantee E). */
import { expect, it } from "vitest";
import { encodeMembers } from "../../src/core/member-list.js";
import type { ServerSession } from "../../src/core/server-session.js";
import { Sessions } from "../../src/core/sessions.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

it("B1: names of any width are written as UTF-8, wherever the first character above ASCII stands", () => {
  const members = ["a", "Jürgen", "日本", "a🙂", ""].map((name, index) => ({ member: 2 ** (7 * index), name }));
  let expected = "00000005";
  for (const { member, name } of members) {
    const bytes = Buffer.from(name);
    expected += member.toString(16).padStart(8, "0") + bytes.length.toString(16).padStart(4, "0") + hex(bytes);
  }
  expect(hex(encodeMembers(members))).toBe(expected);
  expect(hex(encodeMembers([]))).toBe("00000000");
});

it("B1: what its width cannot hold is refused", () => {
  expect(() => encodeMembers([{ member: 2 ** 32, name: "a" }])).toThrow(RangeError);
  expect(() => encodeMembers([{ member: 1.5, name: "a" }])).toThrow(RangeError);
  expect(() => encodeMembers([{ member: 1, name: "a".repeat(65_536) }])).toThrow(RangeError);
});

it("B10, E: a list is encoded once while it cannot change, and anew where it may have", () => {
  const fixed = Object.freeze([{ member: 1, name: "ada" }]);
  expect(encodeMembers(fixed)).toBe(encodeMembers(fixed));
  const open = [{ member: 1, name: "ada" }];
  const before = hex(encodeMembers(open));
  open.push({ member: 2, name: "ben" });
  expect(hex(encodeMembers(open))).not.toBe(before);
});

it("B10, E: a room says the same list to all who come until somebody joins or leaves", () => {
  const sessions = new Sessions();
  const add = (member: number, joined: boolean): ServerSession => {
    const session = {
      ...{ key: `${member}`, clientId: new Uint8Array(16), token: new Uint8Array(16), member, name: `n${member}` },
      ...{ lastClientSeq: 0, lastNumber: 0, appendedSeq: 0, joined, joinedAppended: joined, expired: false },
      ...{ joinNumber: 0, since: 0, connection: undefined, absentSince: 0 },
    } as ServerSession;
    sessions.add(session, 0);
    return session;
  };
  const ada = add(1, true);
  const ben = add(2, false);
  const first = sessions.members();
  expect(first).toEqual([{ member: 1, name: "n1" }]);
  expect(Object.isFrozen(first)).toBe(true);
  sessions.setJoined(ada, true, 1);
  expect(sessions.members()).toBe(first);
  sessions.setJoined(ben, true, 2);
  expect(sessions.members()).toEqual([
    { member: 1, name: "n1" },
    { member: 2, name: "n2" },
  ]);
  sessions.setJoined(ada, false, 3);
  expect(sessions.members()).toEqual([{ member: 2, name: "n2" }]);
  expect(sessions.joinedCount).toBe(1);
  expect(first).toEqual([{ member: 1, name: "n1" }]);
});
