import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  index: "src/index.ts",
  core: "src/core/index.ts",
  dashboard: "src/node/dashboard.ts",
  "cli/main": "src/cli/main.ts",
});
