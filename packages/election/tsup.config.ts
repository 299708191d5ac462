import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  index: "src/index.ts",
  core: "src/core/index.ts",
  dashboard: "src/node/dashboard.ts",
  etcd: "src/node/etcd.ts",
  "cli/main": "src/cli/main.ts",
});
