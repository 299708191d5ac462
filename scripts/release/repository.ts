/** Which repository a package comes from: what a provenance is held against (the workflow `Release`). */

/** The field `repository` of a package's manifest, as the CI service tells it. */
export function repositoryOf(
  environment: Readonly<NodeJS.ProcessEnv>,
  folder: string,
): { readonly type: "git"; readonly url: string; readonly directory: string } {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = environment;
  if (!server || !repository) {
    throw new Error(
      "GITHUB_SERVER_URL and GITHUB_REPOSITORY are not set: releases are made by the workflow Release, which can sign them; `pnpm release:check` tries one here",
    );
  }
  return { type: "git", url: `git+${server}/${repository}.git`, directory: `packages/${folder}` };
}
