/** A small strict parser of the XML that we write, for tests: it throws on all that is not well-formed. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** Of the element itself, without that of its children. */
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 does not allow
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

export function parseXml(source: string): XmlElement {
  if (forbidden.test(source)) throw new Error("a character that XML does not allow");
  const root: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  for (const [token] of source.matchAll(/<[^>]*>|[^<]+|</g)) {
    const parent = open.at(-1) ?? root;
    const end = /^<\/([\w-]+)>$/.exec(token);
    const start = /^<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>$/.exec(token);
    if (end !== null) {
      if (open.length < 2 || parent.name !== end[1]) throw new Error(`${token} ends <${parent.name}>`);
      open.pop();
    } else if (start !== null) {
      const element = { name: start[1] ?? "", attributes: readAttributes(start[2] ?? ""), children: [], text: "" };
      parent.children.push(element);
      if (start[3] === "") open.push(element);
    } else if (token.startsWith("<")) throw new Error(`not a tag: ${token}`);
    else parent.text += unescaped(token);
  }
  const [only] = root.children;
  if (open.length !== 1 || root.children.length !== 1 || only === undefined || root.text.trim() !== "") {
    throw new Error("not one element");
  }
  return only;
}

function readAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = "", value = ""] of source.matchAll(/([\w-]+)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`${name} twice`);
    attributes[name] = unescaped(value);
  }
  return attributes;
}

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const meant = whole.endsWith(";") ? entities[name] : undefined;
    if (meant === undefined) throw new Error(`not an entity: ${whole}`);
    return meant;
  });
}
