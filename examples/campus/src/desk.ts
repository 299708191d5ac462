/** What the room comes to: who leads, who serves what, what was built. Everybody makes the same of the same entries. */
import type { Delivered } from "@lab/broadcast";
import { FencedResource } from "@lab/election";
import { type News, type NewsOf, readNews } from "./news.js";

/** More are forgotten, the oldest first. */
const MOST_OFFERS = 10_000;

export class Desk {
  leader: string | undefined;
  readonly #fence = new FencedResource();
  /** By the member that said so: it goes when that member does. */
  readonly #servers = new Map<number, NewsOf<"serves">>();
  readonly #offers = new Map<string, NewsOf<"offers">>();

  /** What an entry says; undefined for what is no news, or that of a leader whose time is over. */
  heard({ kind, member, bytes }: Delivered): News | undefined {
    if (kind === "leave") this.#servers.delete(member);
    const news = kind === "message" ? readNews(bytes) : undefined;
    if (news?.news === "leads" && !this.#fence.tryAccept(news)) return undefined;
    if (news?.news === "leads") this.leader = news.id;
    if (news?.news === "serves") this.#serves(member, news);
    if (news?.news === "offers") this.#offers.set(`${news.id}/${news.name}`, news);
    const [oldest = ""] = this.#offers.keys();
    if (this.#offers.size > MOST_OFFERS) this.#offers.delete(oldest);
    return news;
  }

  /** The registry. */
  get servers(): readonly NewsOf<"serves">[] {
    return [...this.#servers.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** @throws Error where nobody of that name serves anything */
  server(id: string): NewsOf<"serves"> {
    const found = this.servers.find((one) => one.id === id);
    if (found !== undefined) return found;
    throw new Error(
      `there is no ${id} in the room, which has ${this.servers.map((one) => one.id).join(", ") || "nobody yet"}`,
    );
  }

  /** @throws Error where that node offers no such file, or is gone */
  offer(id: string, name: string): { readonly host: string; readonly port: number; readonly sha256: string } {
    const { host, files: port } = this.server(id);
    const offer = this.#offers.get(`${id}/${name}`);
    if (offer === undefined) throw new Error(`${id} does not offer ${name}`);
    return { host, port, sha256: offer.sha256 };
  }

  /** A process that was started again is another member, and the one before it may not have left yet. */
  #serves(member: number, news: NewsOf<"serves">): void {
    for (const [before, { id }] of this.#servers) if (id === news.id) this.#servers.delete(before);
    this.#servers.set(member, news);
  }
}
