/**
 * Failures and what follows, on many seeded schedules.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SLOTS } from "../../storage/memory/key_slot.ts";
import { seededRandom } from "../support/harness.ts";
import { type SimulatedNode, Simulation } from "./simulation.ts";

/** A cluster of primaries with so many replicas each, once all agree. */
function formed(seed: number, { primaries = 3, replicas = 1 } = {}): Simulation {
  const simulation = new Simulation(seededRandom(seed));
  const nodes = Array.from({ length: primaries * (1 + replicas) }, () => simulation.add());
  nodes.slice(0, primaries).forEach((node, i) => {
    const first = Math.floor(SLOTS * i / primaries);
    const last = Math.floor(SLOTS * (i + 1) / primaries);
    node.operations.addSlots(Array.from({ length: last - first }, (_, slot) => first + slot));
    // All of them have the same epoch: they must find out by themselves.
  });
  for (const node of nodes.slice(1)) {
    node.operations.meet(nodes[0].address, nodes[0].port, nodes[0].port + 10000);
  }
  simulation.until(() => allKnowAll(nodes), "all nodes to know all");
  nodes.slice(primaries).forEach((node, i) => node.operations.replicate(nodes[i % primaries].id));
  simulation.until(() => nodes.every((node) => !node.member.isFailing), "the cluster to work");
  simulation.until(() => agree(simulation), "all to agree");
  return simulation;
}

function allKnowAll(nodes: readonly SimulatedNode[]): boolean {
  return nodes.every(({ member }) =>
    member.topology.nodes.size === nodes.length &&
    [...member.topology.nodes.values()].every((node) => !node.inHandshake)
  );
}

/** The map as a node has it. */
function mapOf({ member: { topology } }: SimulatedNode): string {
  return [...topology.stretches()].map(({ first, owner }) => `${first}:${owner.id}`).join(" ");
}

/** Whether all that run have the same map, and all primaries of it epochs of their own. */
function agree(simulation: Simulation): boolean {
  const running = simulation.nodes.filter(({ isRunning }) => isRunning);
  const [first] = running;
  const primaries = running.filter(({ isPrimary, slots }) => isPrimary && slots > 0);
  const epochs = new Set(primaries.map(({ member }) => member.myself.configEpoch));
  return epochs.size === primaries.length &&
    running.every((node) => mapOf(node) === mapOf(first) && !node.member.isFailing);
}

/** No two nodes may ever have become primaries of one slot in the same epoch. */
function assertOneOwnerPerEpoch(simulation: Simulation, seen: Map<string, string>): void {
  for (const node of simulation.nodes) {
    const { myself } = node.member;
    if (!node.isRunning || !myself.isPrimary || myself.slotCount === 0) continue;
    const [[first]] = myself.slotRanges();
    const key = `${myself.configEpoch} ${first}`;
    const owner = seen.get(key) ?? myself.id;
    assertEquals(owner, myself.id, `two owners of slot ${first} in epoch ${myself.configEpoch}`);
    seen.set(key, owner);
  }
}

Deno.test("nodes that meet one of them come to know all, and take epochs of their own", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const simulation = formed(seed, { primaries: 4, replicas: 0 });
    const epochs = simulation.nodes.map(({ member }) => member.myself.configEpoch);
    assertEquals(new Set(epochs).size, 4);
    assertEquals(simulation.nodes.reduce((sum, { slots }) => sum + slots, 0), SLOTS);
  }
});

Deno.test("a replica takes the place of a primary that stops, which follows it when it comes back", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const simulation = formed(seed);
    const [primary, , , replica] = simulation.nodes;
    primary.stop();
    simulation.until(() => replica.isPrimary && replica.slots > 0, "the replica to be elected");
    simulation.until(() => agree(simulation), "all to agree");
    primary.restart();
    simulation.until(() => !primary.isPrimary, "the former primary to follow");
    assertEquals(primary.follows, replica.address);
    simulation.until(() => agree(simulation), "all to agree");
  }
});

Deno.test("of two replicas the one with more data is elected", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const simulation = formed(seed, { replicas: 2 });
    const [primary, , , first, , , second] = simulation.nodes;
    assertEquals(first.follows, primary.address);
    assertEquals(second.follows, primary.address);
    primary.offset = 1000;
    simulation.run(500);
    primary.stop();
    // One of them has not got everything.
    first.offset = 500;
    simulation.until(() => first.isPrimary || second.isPrimary, "an election");
    assert(second.isPrimary);
    simulation.until(() => first.follows === second.address, "the other one to follow it");
  }
});

Deno.test("a minority that is cut off stops to serve, and follows the others afterwards", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const simulation = formed(seed);
    const [primary, , , replica] = simulation.nodes;
    simulation.cut(primary);
    simulation.until(() => primary.member.isFailing, "the minority to stop");
    simulation.until(() => replica.isPrimary, "the replica to be elected");
    simulation.cut();
    simulation.until(() => !primary.isPrimary, "the former primary to follow");
    simulation.until(() => agree(simulation), "all to agree");
  }
});

Deno.test("without most primaries nobody is elected", () => {
  const simulation = formed(3);
  const [first, second] = simulation.nodes;
  first.stop();
  second.stop();
  simulation.run(30_000);
  for (const node of simulation.nodes.slice(3)) assert(!node.isPrimary);
  assert(simulation.nodes[2].member.isFailing);
});

Deno.test("a primary votes once in an epoch, and writes it down before", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const simulation = formed(seed, { replicas: 2 });
    const [, voter, , first, , , second] = simulation.nodes;
    // Both ask at the same moment, under the same epoch.
    first.operations.failover("force");
    second.operations.failover("force");
    const { currentEpoch } = first.member.topology;
    assertEquals(second.member.topology.currentEpoch, currentEpoch);
    simulation.run(100);
    assertEquals([first, second].filter(({ isPrimary }) => isPrimary).length, 1);
    assert(voter.file.includes(`lastVoteEpoch ${currentEpoch}`));
    simulation.until(() => agree(simulation), "all to agree");
  }
});

Deno.test("an operator's failover waits for all data, and lets writes go on afterwards", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const simulation = formed(seed);
    const [primary, , , replica] = simulation.nodes;
    primary.offset = 4711;
    replica.operations.failover("agreed");
    simulation.until(() => replica.isPrimary, "the replica to take over", 4000);
    assertEquals(replica.offset, 4711);
    simulation.until(() => !primary.isPrimary && !primary.isPaused, "writes to go on");
    simulation.until(() => agree(simulation), "all to agree");
  }
});

Deno.test("a replica moves to a primary that has lost its own", () => {
  const simulation = formed(2, { replicas: 2 });
  const [orphan, , , one, , , two] = simulation.nodes;
  one.stop();
  two.stop();
  simulation.until(
    () =>
      simulation.nodes.some(({ follows, isRunning }) => isRunning && follows === orphan.address),
    "a replica to come",
  );
});

Deno.test("whatever fails and comes back, all agree in the end, and no slot ever has two owners of one epoch", () => {
  for (let seed = 100; seed < 140; seed++) {
    const simulation = formed(seed);
    const random = seededRandom(seed * 7);
    const seen = new Map<string, string>();
    for (let step = 0; step < 25; step++) {
      const node = simulation.nodes[Math.floor(random() * simulation.nodes.length)];
      const choice = random();
      if (choice < 0.3) {
        if (node.isRunning) node.stop();
        else node.restart();
      } else if (choice < 0.5) {
        simulation.cut(...simulation.nodes.filter(() => random() < 0.4));
      } else if (choice < 0.7) {
        simulation.cut();
      } else if (choice < 0.8 && node.isRunning && !node.isPrimary) {
        const link = node.member.myself.primary?.link;
        if (link !== undefined && !node.member.myself.primary?.isFailed) {
          node.operations.failover("agreed");
        }
      }
      for (let i = 0; i < 20; i++) {
        simulation.run(100);
        assertOneOwnerPerEpoch(simulation, seen);
      }
    }
    simulation.cut();
    for (const node of simulation.nodes) if (!node.isRunning) node.restart();
    simulation.until(() => agree(simulation), `all to agree (seed ${seed})`, 120_000);
  }
});
