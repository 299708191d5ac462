/** What a diagram shows of a trace: arrows, marks on lifelines, bands; without any geometry but the order of rows. */

/** An event that takes a place on the vertical axis. */
export interface Row {
  readonly at: number;
  /** Something is written beside it, so that it needs the height of a line. */
  readonly isLabelled: boolean;
}

export type Look = "plain" | "lost" | "duplicate" | "corrupted" | "late" | "open" | "control" | "reset";

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Row in which it begins. */
  readonly start: number;
  /** Row in which it arrives; undefined where it does not. */
  readonly end: number | undefined;
  /** How much of the way it gets, 0 to 1. */
  readonly reach: number;
  readonly look: Look;
  readonly isStream: boolean;
  readonly label: string | undefined;
  /** What happened to it, written near its end; a loss on the way needs no words. */
  readonly tag: string | undefined;
  readonly title: string;
}

/** A remark beside a lifeline. */
export interface Mark {
  readonly node: string;
  readonly row: number;
  readonly kind: "note" | "command" | "crash" | "start" | "pause" | "resume" | "clock";
  readonly text: string;
}

/** From one row to another, or to the end. */
export interface Band {
  readonly kind: "down" | "paused" | "cut";
  readonly nodes: readonly string[];
  readonly from: number;
  to: number | undefined;
  text: string;
}

export interface DiagramModel {
  readonly nodes: readonly string[];
  readonly rows: readonly Row[];
  readonly arrows: readonly Arrow[];
  readonly marks: readonly Mark[];
  readonly bands: readonly Band[];
  /** How long things were on their way, rising. */
  readonly flights: readonly number[];
  readonly counts: ReadonlyMap<string, number>;
}
