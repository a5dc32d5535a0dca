/**
 * A naive sorted set, and random steps that a real one takes beside it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../../../server/resp/args.ts";
import type { SortedMembers } from "../../../storage/types/sorted_members.ts";
import { SortedSet } from "../../../storage/types/sorted_set.ts";

interface Entry {
  readonly member: string;
  readonly score: number;
}

/** A sorted array of members and scores. */
export class SortedModel {
  entries: Entry[] = [];

  find(member: string): Entry | undefined {
    return this.entries.find((entry) => entry.member === member);
  }

  put(member: string, score: number): void {
    this.remove(member);
    const entry = { member, score };
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.entries[middle], entry)) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
  }

  remove(member: string): void {
    const at = this.entries.findIndex((entry) => entry.member === member);
    if (at >= 0) this.entries.splice(at, 1);
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.score !== b.score ? a.score < b.score : a.member < b.member;
}

/** What a sorted set holds, from the first member to the last. */
export function entriesOf(set: SortedMembers): Entry[] {
  const entries: Entry[] = [];
  for (let rank = 0; rank < set.size; rank++) {
    if (rank === 0) set.seek(0);
    else set.forward();
    entries.push(current(set));
  }
  return entries;
}

function current(set: SortedMembers): Entry {
  return {
    member: decodeLatin1(set.buf.subarray(set.off, set.off + set.len)),
    score: set.score,
  };
}

/** Where a random walk goes. */
export interface Walk {
  random: () => number;
  steps: number;
  /** How many different members there are. */
  members: number;
  /** The chance that a step of the first half adds; in the second half it removes. */
  growth: number;
  /** Scores to choose from; any, if absent. */
  scores?: readonly number[];
  /** How often all is compared, in steps. */
  every: number;
}

/** Takes random steps with a sorted set and the model and demands that they agree. */
export function walkBeside(set: SortedMembers, walk: Walk): SortedModel {
  const { random, steps } = walk;
  const model = new SortedModel();
  const pick = (limit: number) => Math.floor(random() * limit);
  const score = () => walk.scores?.[pick(walk.scores.length)] ?? Math.round(random() * 2000) / 8;
  for (let step = 0; step < steps; step++) {
    const growth = step < steps / 2 ? walk.growth : 1 - walk.growth;
    const name = memberName(pick(walk.members));
    const bytes = encodeLatin1(name);
    const member = set.find(bytes, 0, bytes.length);
    assertEquals(member === 0 ? undefined : set.scoreOf(member), model.find(name)?.score);
    if (random() < 0.004 && set.size > 0) {
      const rank = pick(set.size);
      const length = Math.min(set.size - rank, 1 + pick(random() < 0.1 ? 400 : 40));
      set.removeRange(rank, length);
      model.entries.splice(rank, length);
    } else if (random() < growth) {
      const value = score();
      if (set instanceof SortedSet && step % 2 === 0) {
        const isChange = model.find(name)?.score !== value;
        assertEquals(set.put(bytes, 0, bytes.length, value), isChange);
      } else if (member === 0) set.add(bytes, 0, bytes.length, value);
      else set.rescore(member, value);
      model.put(name, value);
    } else if (member !== 0) {
      if (step % 3 === 0) {
        set.seek(set.rankOf(member));
        set.removeHere();
      } else {
        set.remove(member);
      }
      model.remove(name);
    }
    if (set.size > 0) assertAgree(set, model, random);
    if (step % walk.every === 0) assertEquals(entriesOf(set), model.entries);
  }
  assertEquals(entriesOf(set), model.entries);
  return model;
}

/** Members of many lengths, with bytes of all values, some of them numbers. */
function memberName(number: number): string {
  switch (number % 4) {
    case 0:
      return String(number);
    case 1:
      return String.fromCharCode(number % 256) + number;
    case 2:
      return `member:${number}`;
    default:
      return "x".repeat(number % 40) + "\x00\xff" + number;
  }
}

/** Compares what can be asked, at a random place. */
function assertAgree(set: SortedMembers, model: SortedModel, random: () => number): void {
  const { entries } = model;
  assertEquals(set.size, entries.length);
  const rank = Math.floor(random() * entries.length);
  const entry = entries[rank];
  const bytes = encodeLatin1(entry.member);
  assertEquals(set.rankOf(set.find(bytes, 0, bytes.length)), rank);

  set.seek(rank);
  assertEquals(current(set), entry);
  if (rank + 1 < entries.length) {
    set.forward();
    assertEquals(current(set), entries[rank + 1]);
    set.back();
    assertEquals(current(set), entry);
  }
  if (rank > 0) {
    set.back();
    assertEquals(current(set), entries[rank - 1]);
  }

  const bound = entry.score + (random() < 0.5 ? 0 : 0.01);
  assertEquals(set.countBelow(bound, false), countIf(entries, (e) => e.score < bound));
  assertEquals(set.countBelow(bound, true), countIf(entries, (e) => e.score <= bound));
  if (entries[0].score === entries[entries.length - 1].score) {
    for (const inclusive of [false, true]) {
      assertEquals(
        set.countBelowBytes(bytes, 0, bytes.length, inclusive),
        rank + Number(inclusive),
      );
    }
  }
}

function countIf(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let count = 0;
  for (const entry of entries) if (holds(entry)) count++;
  return count;
}
