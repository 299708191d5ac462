import { expect, it } from "vitest";
import { repositoryOf } from "../../scripts/release/repository.js";

it("a package names the repository that CI tells, and its folder there", () => {
  const told = { GITHUB_SERVER_URL: "https://git.example", GITHUB_REPOSITORY: "ana/lab" };
  expect(repositoryOf(told, "hftp")).toEqual({
    type: "git",
    url: "git+https://git.example/ana/lab.git",
    directory: "packages/hftp",
  });
});

it.each([{}, { GITHUB_SERVER_URL: "https://git.example" }, { GITHUB_REPOSITORY: "" }])(
  "a release that is not made by the workflow is refused (%j)",
  (environment) => {
    expect(() => repositoryOf(environment, "hftp")).toThrow(/releases are made by the workflow Release/);
  },
);
