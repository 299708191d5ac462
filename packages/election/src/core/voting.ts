/** How a member answers those who want its vote (election rules E16, E17, E20, E21). */

import type { BodyOf, Header } from "./messages.js";
import type { NodeState } from "./node-state.js";

/** @param leads whether this member leads and its lease runs */
export function answerPreVote(
  node: NodeState,
  leads: boolean,
  header: Header,
  body: BodyOf<"preVote">,
  link: number,
): void {
  if (!node.isMember || node.memberOf(header.sender) === undefined) return;
  const granted = !leads && node.knowsEpoch && node.promised.isFree(node.rules, node.now.mono, header.sender);
  const { stamp } = body;
  node.reply(link, { type: "preVoteReply", for: header.incarnation, stamp, granted, knows: node.knowsEpoch });
}

/**
 * @param leads whether this member leads and its lease runs
 * @param onVoted called where the vote is given, before it is stored
 */
export function answerVoteReq(
  node: NodeState,
  leads: boolean,
  header: Header,
  body: BodyOf<"voteReq">,
  link: number,
  onVoted: () => void,
): void {
  if (!node.isMember || node.memberOf(header.sender) === undefined || header.sender === node.id) return;
  const { proposed, stamp, release } = body;
  const answer = (granted: boolean): void =>
    node.reply(link, { type: "vote", for: header.incarnation, proposed, stamp, granted });
  const { promised } = node;
  const isFree = promised.isFree(node.rules, node.now.mono, header.sender, release);
  if (leads || !node.knowsEpoch || proposed <= promised.epoch || !isFree) return answer(false);
  node.promise(proposed, header.sender);
  onVoted();
  const stored = node.store(() => {
    // Another may have been voted for while the disk was slow, but no sooner than this promise had expired.
    if (promised.epoch === proposed && promised.holder === header.sender) answer(true);
  });
  if (!stored) answer(false);
}
