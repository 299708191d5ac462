import { defineConfig, type Options } from "tsup";

/** Every package is built alike: ESM and CJS, with types for both, into `dist/`, one file per published entry. */
export function packageBuild(entry: Record<string, string>): ReturnType<typeof defineConfig> {
  const options: Options = {
    entry,
    format: ["esm", "cjs"],
    target: "node20",
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: false,
    treeshake: true,
  };
  return defineConfig(options);
}
