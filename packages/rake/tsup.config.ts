import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  index: "src/index.ts",
  core: "src/core/index.ts",
  slurm: "src/node/slurm/index.ts",
  metrics: "src/node/metrics.ts",
  "cli/main": "src/cli/main.ts",
});
