/** What a download has asked for on its files and has no answer to yet. */
import type { DownloadOutput } from "./download-messages.js";
import type { Job } from "./jobs.js";
import type { Writing } from "./part-content.js";

export type EffectType =
  | "inspect"
  | "openPart"
  | "createPart"
  | "write"
  | "readPart"
  | "saveState"
  | "digest"
  | "publish"
  | "closePart";
type Effect = Extract<DownloadOutput, { readonly type: EffectType }>;
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type EffectWithoutId = WithoutId<Effect>;

export interface PendingEffect {
  readonly type: EffectType;
  /** Of a write. */
  readonly writing?: Writing;
  /** Whose bytes are compared with what is read. */
  readonly job?: Job;
}

export class PendingEffects {
  readonly #pending: Map<number, PendingEffect> = new Map();

  /** Nothing is being done. */
  get none(): boolean {
    return this.#pending.size === 0;
  }

  /** Keeps an effect in mind; answers the output that asks for it. */
  begin(id: number, effect: EffectWithoutId, more: Omit<PendingEffect, "type">): DownloadOutput {
    this.#pending.set(id, { type: effect.type, ...more });
    return { ...effect, id } as Effect;
  }

  /** An effect was answered; undefined where there is none of that number. */
  end(id: number): PendingEffect | undefined {
    const effect = this.#pending.get(id);
    this.#pending.delete(id);
    return effect;
  }

  /** The numbers of the effects of a kind. */
  of(type: EffectType): number[] {
    return [...this.#pending].flatMap(([id, effect]) => (effect.type === type ? [id] : []));
  }
}
