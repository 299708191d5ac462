import { defineConfig, type ViteUserConfig } from "vitest/config";

// At most two workers (the machines that run this have two cores). Tests that start processes (`*.e2e.test.ts`), and the
// explorer's, which make much garbage for other threads to collect, run in a group of their own, one file after another,
// so that they do not starve each other.
const alone = ["*.e2e.test.ts", "explorer.sim.test.ts"];
const shared = { setupFiles: ["test/setup.ts"], exclude: ["**/node_modules/**", "**/dist/**"], pool: "forks" as const };
// `pnpm test:long` gives every test more time with more runs.
const timeout = (ms: number): number => Math.max(ms, Number(process.env["LAB_TIMEOUT_MS"] ?? 0));
const roots = ["packages/*/test", "examples/*/test", "bench/test", "test"];

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "core",
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...shared.exclude, ...alone.map((file) => `**/${file}`), "**/*.built.test.ts"],
          maxWorkers: 2,
          testTimeout: timeout(60_000),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          include: roots.flatMap((root) => alone.map((file) => `${root}/**/${file}`)),
          maxWorkers: 1,
          testTimeout: timeout(30_000),
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      // Needs packed tarballs: `pnpm test:built` makes them, sets LAB_PACKED and selects this project.
      ...(process.env["LAB_PACKED"] === undefined
        ? []
        : [
            {
              test: {
                ...shared,
                name: "built",
                include: roots.map((root) => `${root}/**/*.built.test.ts`),
                maxWorkers: 1,
                testTimeout: timeout(60_000),
                hookTimeout: 120_000,
                sequence: { groupOrder: 2 },
              },
            },
          ]),
    ],
  },
});

export default config;
