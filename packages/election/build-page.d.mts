/** Bundles the page of the dashboard into `folder`, default `page/` beside this file, and resolves with that. */
export function buildPage(folder?: string): Promise<string>;
