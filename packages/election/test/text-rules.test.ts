/** What texts may hold (docs/election.md, E2, E5). */
import { expect, it } from "vitest";
import { createElection, decodeMessage, encodeMessage, RemoteProtocolError } from "../src/core/index.js";
import { plainPlatform } from "./plain-platform.js";
import { OTHER } from "./solo.js";

function said(sender: string, address: string): Uint8Array {
  const header = { epoch: 1, incarnation: OTHER, settings: 0, cluster: "lab", sender };
  return encodeMessage({ header, body: { type: "announce", address } });
}

it.each(["a:1", "127.0.0.1:65535", "[::1]:7000", "[fe80::1%eth0]:1", "my_host-1.example.org:80"])(
  "E2: %s is an address",
  (address) => {
    expect(decodeMessage(said("a", address)).body).toEqual({ type: "announce", address });
    expect(() => createElection({ id: "a", address, platform: plainPlatform() })).not.toThrow();
  },
);

it.each(["\r\nFLUSHALL\r\n", "a b:1", "a:1/x", "h\u00f6st:1", "a\u0000", "<a>:1", `${"a".repeat(40)}\n`])(
  "E5: %j is none: refused from others and as an option",
  (address) => {
    expect(() => decodeMessage(said("a", address))).toThrow(RemoteProtocolError);
    expect(() => createElection({ id: "a", address, platform: plainPlatform() })).toThrow(/^address is /);
    expect(() => createElection({ id: "a", address: "a:1", seeds: [address], platform: plainPlatform() })).toThrow(
      /^seeds is /,
    );
  },
);

it.each(["\u001b[31mred", "x\r\ny", "a\u007f", "a\u0085", "a\u202eb", "\u2028", `${"a".repeat(40)}\n`])(
  "E5: %j is no id: refused from others and as an option",
  (id) => {
    expect(() => decodeMessage(said(id, "a:1"))).toThrow(RemoteProtocolError);
    expect(() => createElection({ id, address: "a:1", platform: plainPlatform() })).toThrow(
      "but must have no control characters",
    );
  },
);

it("E2: letters of any language, and signs, are an id", () => {
  const id = "h\u00f6st \u4e3b\u673a \u{1f980}";
  expect(decodeMessage(said(id, "a:1")).header.sender).toBe(id);
});
