/**
 * The npm package bullmq, whose queues live in Lua scripts, against a server in this process.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import {
  FlowProducer,
  type Job,
  type JobsOptions,
  Queue,
  QueueEvents,
  Worker,
  type WorkerOptions,
} from "bullmq";
import type { CoolCache } from "../../server/coolcache.ts";
import { allGone, startServer } from "../server/wire.ts";
import { waitFor } from "../support/wait.ts";

const NAME = "jobs";
const PATIENCE = 10_000;

/** A queue, those who follow and serve it, and the server behind it. */
interface Bench {
  readonly instance: CoolCache;
  readonly queue: Queue;
  readonly events: QueueEvents;
  readonly connection: { host: string; port: number };
  /** Begins to work off the queue; the worker is ended with the bench. */
  work(process: (job: Job) => Promise<unknown>, options?: Partial<WorkerOptions>): Worker;
  /** Adds a job and answers its result. */
  finish(name: string, data: unknown, options?: JobsOptions): Promise<unknown>;
}

/** Runs a test with a queue, and demands that no worker has met an error of the server. */
async function withQueue(run: (bench: Bench) => Promise<void>): Promise<void> {
  await using instance = await startServer();
  const connection = { host: "127.0.0.1", port: instance.port };
  const queue = new Queue(NAME, { connection });
  const events = new QueueEvents(NAME, { connection });
  const workers: Worker[] = [];
  const errors: unknown[] = [];
  queue.on("error", (error) => errors.push(error));
  events.on("error", (error) => errors.push(error));
  try {
    await events.waitUntilReady();
    await run({
      instance,
      queue,
      events,
      connection,
      work(process, options = {}) {
        const worker = new Worker(NAME, process, { connection, drainDelay: 1, ...options });
        worker.on("error", (error) => errors.push(error));
        workers.push(worker);
        return worker;
      },
      async finish(name, data, options) {
        const job = await queue.add(name, data, options);
        return await job.waitUntilFinished(events, PATIENCE);
      },
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await events.close();
    await queue.close();
  }
  assertEquals(errors, []);
  await allGone(instance);
}

Deno.test("bullmq works off jobs in the order in which they came", () =>
  withQueue(async ({ queue, work }) => {
    const order: number[] = [];
    await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: "n", data: { n } })));
    work((job) => {
      order.push(job.data.n);
      return Promise.resolve();
    });
    await waitFor(() => order.length === 50, { what: "all jobs to be done" });
    assertEquals(order, Array.from({ length: 50 }, (_, n) => n));
    await waitFor(async () => (await queue.getJobCounts()).completed === 50, {
      what: "all jobs to be completed",
    });
  }));

Deno.test("bullmq hands results, progress and logs on", () =>
  withQueue(async ({ queue, events, work, finish }) => {
    const progress: unknown[] = [];
    events.on("progress", ({ data }) => progress.push(data));
    work(async (job) => {
      await job.updateProgress(50);
      await job.log("half way");
      return { doubled: job.data.x * 2 };
    });
    assertEquals(await finish("double", { x: 21 }), { doubled: 42 });
    await waitFor(() => progress.length === 1, { what: "the progress" });
    assertEquals(progress, [50]);
    const [job] = await queue.getCompleted();
    assertEquals((await queue.getJobLogs(job.id ?? "")).logs, ["half way"]);
  }));

Deno.test("bullmq holds delayed jobs back", () =>
  withQueue(async ({ queue, work, finish }) => {
    work(() => Promise.resolve(Date.now()));
    const added = Date.now();
    const [late, soon] = await Promise.all([
      finish("late", {}, { delay: 200 }),
      finish("soon", {}),
    ]);
    assertGreater(Number(late) - added, 190);
    assertLess(Number(soon) - added, Number(late) - added);
    assertEquals((await queue.getJobCounts()).delayed, 0);
  }));

Deno.test("bullmq prefers jobs of higher priority", () =>
  withQueue(async ({ queue, work }) => {
    const order: string[] = [];
    await queue.add("low", {}, { priority: 10 });
    await queue.add("middle", {}, { priority: 5 });
    await queue.add("high", {}, { priority: 1 });
    await queue.add("first", {});
    work((job) => {
      order.push(job.name);
      return Promise.resolve();
    });
    await waitFor(() => order.length === 4, { what: "all jobs to be done" });
    assertEquals(order, ["first", "high", "middle", "low"]);
  }));

Deno.test("bullmq tries failing jobs again, and keeps those that fail for good", () =>
  withQueue(async ({ queue, work, finish }) => {
    const attempts: string[] = [];
    work((job) => {
      attempts.push(`${job.name} ${job.attemptsMade}`);
      if (job.name === "hopeless" || job.attemptsMade < 2) throw new Error("not yet");
      return Promise.resolve("at last");
    });
    const patient = { attempts: 3, backoff: { type: "fixed", delay: 5 } };
    assertEquals(await finish("patient", {}, patient), "at last");
    await assertRejects(() => finish("hopeless", {}, { attempts: 2 }), Error, "not yet");
    assertEquals(attempts, ["patient 0", "patient 1", "patient 2", "hopeless 0", "hopeless 1"]);
    const [failed] = await queue.getFailed();
    assertEquals([failed.name, failed.failedReason, failed.attemptsMade], [
      "hopeless",
      "not yet",
      2,
    ]);
    await failed.retry();
    await waitFor(() => attempts.length === 6, { what: "the job to be tried again" });
  }));

Deno.test("bullmq repeats jobs", () =>
  withQueue(async ({ queue, work }) => {
    const times: number[] = [];
    work((job) => {
      times.push(job.data.n);
      return Promise.resolve();
    });
    const template = { name: "tick", data: { n: 7 } };
    await queue.upsertJobScheduler("ticker", { every: 50, limit: 3 }, template);
    await waitFor(() => times.length === 3, { what: "three repetitions" });
    await waitFor(async () => (await queue.getJobCounts()).completed === 3, {
      what: "three completed jobs",
    });
    await queue.removeJobScheduler("ticker");
    assertEquals((await queue.getJobCounts()).delayed, 0);
    assertEquals(times, [7, 7, 7]);
  }));

Deno.test("bullmq runs the parent of a flow after its children", () =>
  withQueue(async ({ connection, events, work }) => {
    const order: string[] = [];
    work(async (job) => {
      order.push(job.name);
      if (job.name !== "sum") return job.data.n;
      const values = Object.values<number>(await job.getChildrenValues());
      return values.reduce((sum, n) => sum + n, 0);
    });
    const flows = new FlowProducer({ connection });
    try {
      const { job } = await flows.add({
        name: "sum",
        queueName: NAME,
        children: [1, 2, 3].map((n) => ({ name: "part", queueName: NAME, data: { n } })),
      });
      assertEquals(await job.waitUntilFinished(events, PATIENCE), 6);
    } finally {
      await flows.close();
    }
    assertEquals(order, ["part", "part", "part", "sum"]);
  }));

Deno.test("bullmq keeps to a rate limit", () =>
  withQueue(async ({ queue, work }) => {
    const times: number[] = [];
    await queue.addBulk(Array.from({ length: 6 }, () => ({ name: "limited", data: {} })));
    work(() => Promise.resolve(times.push(performance.now())), {
      limiter: { max: 2, duration: 100 },
    });
    await waitFor(() => times.length === 6, { what: "all jobs to be done" });
    assertGreater(times[5] - times[0], 180);
  }));

Deno.test("bullmq shares a queue among workers, each job done once", () =>
  withQueue(async ({ queue, work }) => {
    const done: number[] = [];
    const process = (job: Job) => Promise.resolve(done.push(job.data.n));
    for (let i = 0; i < 3; i++) work(process, { concurrency: 5 });
    await queue.addBulk(Array.from({ length: 200 }, (_, n) => ({ name: "n", data: { n } })));
    await waitFor(() => done.length === 200, { what: "all jobs to be done" });
    assertEquals(done.toSorted((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n));
  }));

Deno.test("bullmq pauses, drains and obliterates a queue", () =>
  withQueue(async ({ queue, work, instance }) => {
    await queue.pause();
    const done: string[] = [];
    work((job) => Promise.resolve(done.push(job.name)));
    await queue.addBulk([{ name: "a", data: {} }, { name: "b", data: {} }]);
    assertEquals(await queue.isPaused(), true);
    assertEquals(done, []);
    await queue.resume();
    await waitFor(() => done.length === 2, { what: "both jobs to be done" });
    await queue.pause();
    await queue.add("c", {}, { delay: 60_000 });
    await queue.drain(true);
    await waitFor(async () => (await queue.getJobCounts()).active === 0, { what: "no active job" });
    await queue.obliterate({ force: true });
    assertEquals(instance.server.keyspace.databases[0].size <= 2, true);
  }));
