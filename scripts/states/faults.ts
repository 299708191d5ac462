/** What is amiss between the machines, the pictures that they give now, the files of pictures, and the documents. */
import { arrowsIn, statesIn } from "./draw.js";

/** What a machine gives now. */
export interface Drawn {
  /** Of the picture, `NAME-states.svg`. */
  readonly name: string;
  readonly svg: string;
  /** All that is drawn, and what other runs of it did: `from -> to: what`. */
  readonly changes: readonly string[];
  readonly also: readonly string[];
  /** The states that its sources list, and those that are drawn under other names. */
  readonly listed: readonly string[];
  readonly drawnAs: Readonly<Record<string, readonly string[]>>;
}

/**
 * @param files the pictures of states, by their file's name
 * @param documents their texts, by their file's name
 */
export function faultsOf(
  drawn: readonly Drawn[],
  files: ReadonlyMap<string, string>,
  documents: ReadonlyMap<string, string>,
): string[] {
  const names = drawn.map(({ name }) => `${name}-states.svg`);
  return [
    ...drawn.flatMap((one) => [...faultsOfStates(one), ...faultsOfOtherRuns(one)]),
    ...drawn.flatMap((one) => faultsOfFile(one, files.get(`${one.name}-states.svg`))),
    ...[...files.keys()].filter((name) => !names.includes(name)).map((name) => `${name}: no machine draws it`),
    ...faultsOfDocuments(new Map(drawn.map(({ name, svg }) => [`${name}-states.svg`, statesIn(svg)])), documents),
  ];
}

function faultsOfStates({ name, svg, listed, drawnAs }: Drawn): string[] {
  const shown = statesIn(svg);
  const vain = Object.keys(drawnAs).filter((state) => !listed.includes(state) || shown.has(state));
  return [
    ...listed
      .flatMap((state) => drawnAs[state] ?? [state])
      .filter((state) => !shown.has(state))
      .map((state) => `${name}: no run reached the state ${state}`),
    ...vain.map((state) => `${name}: the state ${state} need not be drawn as another`),
  ];
}

function faultsOfOtherRuns({ name, changes, also }: Drawn): string[] {
  const known = new Set(changes);
  return also
    .filter((change) => !known.has(change))
    .map((change) => `${name}: not drawn, though it happens: ${change}`);
}

function faultsOfFile({ name, svg }: Drawn, file: string | undefined): string[] {
  if (file === svg) return [];
  if (file === undefined) return [`${name}: there is no picture of it`];
  const now = arrowsIn(svg);
  const then = arrowsIn(file);
  const details = [
    ...[...now].filter((arrow) => !then.has(arrow)).map((arrow) => `${arrow} is not in it`),
    ...[...then].filter((arrow) => !now.has(arrow)).map((arrow) => `${arrow} does not happen any more`),
  ];
  const what = details.length > 0 ? details.join("; ") : "the same arrows, but otherwise drawn";
  return [`${name}: the picture is not what the machine gives now: ${what}`];
}

/** Each picture is in one document, with a text for those who do not see it that names its states. */
function faultsOfDocuments(
  pictures: ReadonlyMap<string, ReadonlySet<string>>,
  documents: ReadonlyMap<string, string>,
): string[] {
  const shown = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/!\[([^\]]*)\]\(images\/([\w.-]+-states\.svg)\)/g)].map(([, alt = "", picture = ""]) => ({
      document,
      alt,
      picture,
    })),
  );
  return [
    ...[...pictures.keys()]
      .filter((picture) => !shown.some((one) => one.picture === picture))
      .map((picture) => `${picture}: no document shows it`),
    ...shown.flatMap(({ document, alt, picture }) => {
      const states = pictures.get(picture);
      if (states === undefined) return [`${document} shows ${picture}, which no machine draws`];
      const unnamed = [...states].filter((state) => !alt.includes(state));
      return unnamed.map((state) => `${document}: the text of ${picture} does not name the state ${state}`);
    }),
  ];
}
