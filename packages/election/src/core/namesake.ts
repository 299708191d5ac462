/** Two runs that lead under one id (election rules E7, E40). */

export interface LeadingRun {
  readonly epoch: number;
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
}

/** Whether `mine` is the one of the two that steps down: that of the lower epoch, else of the larger incarnation. */
export function givesWay(mine: LeadingRun, other: LeadingRun): boolean {
  return mine.epoch === other.epoch ? mine.incarnation > other.incarnation : mine.epoch < other.epoch;
}
