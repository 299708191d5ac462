import { defineConfig, type ViteUserConfig } from "vitest/config";

// At most two workers (the machines that run this have two cores). Tests that start processes (`*.e2e.test.ts`), and the
// explorer's, which make much garbage for other threads to collect, run in groups of their own, most of them
// one file after another, so that they do not starve each other.
const alone = ["*.e2e.test.ts", "explorer.sim.test.ts"];
// Of these, those in which nothing has a time to keep and nothing is measured: what they start may come late, and two files
// at a time are sooner done. A test that waits for a lease, a rate, a pause or a memory does not belong here.
const inPairs = [
  "examples/{chat,file-drop,hftp-server}/test/*.e2e.test.ts",
  "packages/{broadcast,election}/test/cli/usage.e2e.test.ts",
  "packages/broadcast/test/node/{access,durable,ended,odd-snapshots}.e2e.test.ts",
  "packages/framing/test/framed-socket.e2e.test.ts",
  "packages/hftp/test/client/{advice,commands,lock,output,part-file,shell,tls}.e2e.test.ts",
  "packages/hftp/test/interop/*.e2e.test.ts",
  "packages/rake/test/cli/*.e2e.test.ts",
  "packages/rake/test/interop/*.e2e.test.ts",
  "packages/rake/test/node-build/{build,ending}.e2e.test.ts",
  "packages/rake/test/node-server/{access,action,collect,killed,ready-runs,server}.e2e.test.ts",
  "packages/simnet/test/{cli,mutants,pcapng,tcp-mesh}.e2e.test.ts",
  "packages/stopwait-udp/test/node/{readme-packets,swapped-folders}.e2e.test.ts",
  "test/{install-components,programs}.e2e.test.ts",
];
// In CI a test with real processes has a second attempt: a machine that stood still must not hide what the other thousands
// say. The closing lines name whoever needed it, with the first error; it is a fault, of the test or of what it tests.
const retry = process.env["CI"] === undefined ? 0 : 1;
const shared = { setupFiles: ["test/setup.ts"], exclude: ["**/node_modules/**", "**/dist/**"], pool: "forks" as const };
// `pnpm test:long` gives every test more time with more runs.
const timeout = (ms: number): number => Math.max(ms, Number(process.env["LAB_TIMEOUT_MS"] ?? 0));
const roots = ["packages/*/test", "examples/*/test", "bench/test", "test"];

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    globalSetup: ["test/programs-setup.ts"],
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
          name: "e2e-pairs",
          retry,
          include: inPairs,
          maxWorkers: 2,
          testTimeout: timeout(30_000),
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          retry,
          include: roots.flatMap((root) => alone.map((file) => `${root}/**/${file}`)),
          exclude: [...shared.exclude, ...inPairs],
          maxWorkers: 1,
          testTimeout: timeout(30_000),
          hookTimeout: 30_000,
          sequence: { groupOrder: 2 },
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
                retry,
                include: roots.map((root) => `${root}/**/*.built.test.ts`),
                maxWorkers: 1,
                testTimeout: timeout(60_000),
                hookTimeout: 120_000,
                sequence: { groupOrder: 3 },
              },
            },
          ]),
    ],
  },
});

export default config;
