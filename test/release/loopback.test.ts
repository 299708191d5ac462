/** The guard of `pnpm release:check`: nothing is published but to this machine. */
import { describe, expect, it } from "vitest";
import { throwawayEnvironment } from "../../scripts/release/environment.js";
import { loopbackRegistry, mustGoTo } from "../../scripts/release/loopback.js";

const OURS = "http://127.0.0.1:4873/";
const OTHER = "http://127.0.0.1:1/";
const ELSEWHERE = "https://registry.example/";

describe("a registry", () => {
  it.each([
    [OURS, OURS],
    ["http://127.0.0.1:4873", OURS],
    ["http://127.8.9.10:8080/", "http://127.8.9.10:8080/"],
    ["http://[::1]:4873", "http://[::1]:4873/"],
  ])("%s is on loopback", (text, url) => {
    expect(loopbackRegistry(text, "it")).toBe(url);
  });

  it.each([
    ELSEWHERE,
    "http://registry.example:4873/",
    "http://10.0.0.1:4873/",
    "http://0.0.0.0:4873/",
    "http://[::]:4873/",
    "http://[::ffff:127.0.0.1]:4873/",
    "http://localhost:4873/",
    "http://127.0.0.1.example:4873/",
    "http://127.0.0.1:4873@registry.example:4873/",
    "http://registry.example:4873/#127.0.0.1:4873",
    "http://registry.example:4873/?127.0.0.1:4873",
    "http://name:secret@127.0.0.1:4873/",
    "http://127.0.0.1:4873/mirror/",
    "http://127.0.0.1/",
    "https://127.0.0.1:4873/",
    "//127.0.0.1:4873/",
    "127.0.0.1:4873",
    "undefined",
    "",
  ])("%j is refused, with what is accepted", (text) => {
    expect(() => loopbackRegistry(text, "the registry of npm")).toThrow(
      /^the registry of npm is .*: refused, .* http:\/\/127\.x\.y\.z:PORT\/ or http:\/\/\[::1\]:PORT\/$/,
    );
  });
});

describe("a package", () => {
  const said = { registry: OURS, scope: "undefined" };

  it("that goes to the registry that was started passes", () => {
    const publishConfig = { access: "public", provenance: false };
    expect(() => mustGoTo(OURS, said, { name: "@lab/one", publishConfig })).not.toThrow();
    expect(() => mustGoTo(OURS, { ...said, scope: OURS }, { name: "@lab/one" })).not.toThrow();
  });

  it.each([
    ["npm's registry is another", { ...said, registry: ELSEWHERE }, {}, /the registry of npm is "https/],
    ["npm has none", { ...said, registry: "" }, {}, /the registry of npm is ""/],
    ["its scope has another", { ...said, scope: ELSEWHERE }, {}, /the registry of the scope is "https/],
    ["its own settings name another", said, { registry: ELSEWHERE }, /registry in publishConfig/],
    ["they name one for its scope", said, { "@lab:registry": ELSEWHERE }, /@lab:registry in publishC/],
    ["it goes to another on loopback", { ...said, registry: OTHER }, {}, /and not http:\/\/127.0.0.1:4873/],
  ])("is refused where %s", (_, registries, publishConfig, message) => {
    expect(() => mustGoTo(OURS, registries, { name: "@lab/one", publishConfig })).toThrow(message);
  });
});

describe("the environment of what is started", () => {
  const given = {
    PATH: "/bin",
    HOME: "/folder/ana",
    npm_config_registry: ELSEWHERE,
    NPM_CONFIG_USERCONFIG: "/folder/ana/.npmrc",
    "npm_config_//registry.example/:_authToken": "secret",
    NPM_TOKEN: "secret",
    NODE_AUTH_TOKEN: "secret",
    npm_execpath: "/opt/pnpm.cjs",
    NO_PROXY: "example",
  };

  it("has no setting and no token of whoever runs it, and one registry", () => {
    const changes = throwawayEnvironment(given, OURS, "/tmp/folder");
    const left = Object.entries({ ...given, ...changes }).filter(([, value]) => value !== undefined);
    expect(JSON.stringify(left)).not.toMatch(/secret|registry\.example|ana\/\.npmrc|opt/);
    expect(Object.fromEntries(left)).toMatchObject({
      PATH: "/bin",
      HOME: "/folder/ana",
      npm_config_registry: OURS,
      npm_config_userconfig: "/tmp/folder/npmrc",
      NO_PROXY: "example,127.0.0.1",
    });
  });

  it("is not made for a registry elsewhere", () => {
    expect(() => throwawayEnvironment({}, ELSEWHERE, "/tmp/folder")).toThrow(RangeError);
  });
});
