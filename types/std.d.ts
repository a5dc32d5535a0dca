/**
 * Types of the parts of Deno's standard library that coolcache uses.
 *
 * The import map takes `@std/…` from the npm package `deno-std`, which holds the same modules as plain
 * JavaScript; this file gives them the types that the originals have. It declares only subpaths that the
 * import map in deno.json names: add a subpath to both. With `jsr:` imports this file is superfluous
 * (CONTRIBUTING.md says how to switch).
 */

declare module "@std/assert" {
  /** What every assertion throws when it does not hold. */
  export class AssertionError extends Error {}

  /** A class with constructor parameters of any kind. */
  type Constructor<T> = abstract new (...args: never[]) => T;

  /** Deep equality, as assertEquals uses it. */
  export function equal(a: unknown, b: unknown): boolean;
  /** Passes if `expr` is truthy. */
  export function assert(expr: unknown, msg?: string): asserts expr;
  /** Passes if `expr` is falsy. */
  export function assertFalse(expr: unknown, msg?: string): asserts expr is false;
  /** Passes if both are deeply equal. */
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if they are not deeply equal. */
  export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if both are the same by `Object.is`. */
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    msg?: string,
  ): asserts actual is T;
  /** Passes if they differ by `Object.is`. */
  export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if both numbers are within `tolerance` (default: relative 1e-7). */
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    msg?: string,
  ): void;
  /** Passes if `actual` contains every element of `expected`. */
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    msg?: string,
  ): void;
  /** Passes unless `actual` is null or undefined. */
  export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
  /** Passes if `actual > expected`. */
  export function assertGreater<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if `actual >= expected`. */
  export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if `actual < expected`. */
  export function assertLess<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if `actual <= expected`. */
  export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
  /** Passes if `actual instanceof expectedType`. */
  export function assertInstanceOf<T>(
    actual: unknown,
    expectedType: Constructor<T>,
    msg?: string,
  ): asserts actual is T;
  /** Passes unless `actual instanceof unexpectedType`. */
  export function assertNotInstanceOf<A, T>(
    actual: A,
    unexpectedType: Constructor<T>,
    msg?: string,
  ): asserts actual is Exclude<A, T>;
  /** Passes if `error` is an Error of the class whose message contains or matches `msgMatches`. */
  export function assertIsError<E extends Error = Error>(
    error: unknown,
    ErrorClass?: Constructor<E>,
    msgMatches?: string | RegExp,
    msg?: string,
  ): asserts error is E;
  /** Passes if `expected` matches `actual`. */
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
  /** Passes if `expected` does not match `actual`. */
  export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;
  /** Passes if every property of `expected` is in `actual`, deeply. */
  export function assertObjectMatch(
    actual: object,
    expected: Record<PropertyKey, unknown>,
    msg?: string,
  ): void;
  /** Passes if `actual` contains `expected`. */
  export function assertStringIncludes(actual: string, expected: string, msg?: string): void;
  /** Passes if `fn` throws; returns what it threw. */
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    ErrorClass: Constructor<E>,
    msgIncludes?: string,
    msg?: string,
  ): E;
  /** Passes if the promise that `fn` returns is rejected; resolves to the reason. */
  export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    ErrorClass: Constructor<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
  /** Always fails. */
  export function fail(msg?: string): never;
  /** Fails: the place cannot be reached. */
  export function unreachable(msg?: string): never;
}

declare module "@std/bytes" {
  export * from "@std/bytes/concat";
  export * from "@std/bytes/copy";
  export * from "@std/bytes/ends-with";
  export * from "@std/bytes/equals";
  export * from "@std/bytes/includes-needle";
  export * from "@std/bytes/index-of-needle";
  export * from "@std/bytes/last-index-of-needle";
  export * from "@std/bytes/repeat";
  export * from "@std/bytes/starts-with";
}

declare module "@std/bytes/concat" {
  /** One new array with the bytes of all, in order. */
  export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
}

declare module "@std/bytes/copy" {
  /** Copies `src` into `dst` from `offset` as far as it fits; returns the number of bytes copied. */
  export function copy(src: Uint8Array, dst: Uint8Array, offset?: number): number;
}

declare module "@std/bytes/ends-with" {
  /** Whether `source` ends with `suffix`. */
  export function endsWith(source: Uint8Array, suffix: Uint8Array): boolean;
}

declare module "@std/bytes/equals" {
  /** Whether both hold the same bytes. */
  export function equals(a: Uint8Array, b: Uint8Array): boolean;
}

declare module "@std/bytes/includes-needle" {
  /** Whether `needle` occurs in `source` at or after `start`. */
  export function includesNeedle(source: Uint8Array, needle: Uint8Array, start?: number): boolean;
}

declare module "@std/bytes/index-of-needle" {
  /** Offset of the first `needle` in `source` at or after `start`, or -1. */
  export function indexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;
}

declare module "@std/bytes/last-index-of-needle" {
  /** Offset of the last `needle` in `source` at or before `start`, or -1. */
  export function lastIndexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;
}

declare module "@std/bytes/repeat" {
  /** `count` copies of `source` in a row. */
  export function repeat(source: Uint8Array, count: number): Uint8Array<ArrayBuffer>;
}

declare module "@std/bytes/starts-with" {
  /** Whether `source` starts with `prefix`. */
  export function startsWith(source: Uint8Array, prefix: Uint8Array): boolean;
}

declare module "@std/cli/parse-args" {
  /** What parseArgs is told about the flags; names are given without their dashes. */
  export interface ParseOptions<
    B extends string = string,
    S extends string = string,
    C extends string = string,
    D extends Record<string, unknown> = Record<string, unknown>,
  > {
    /** Put everything after a lone `--` into `args["--"]`. */
    readonly "--"?: boolean;
    /** Other names of a flag. */
    readonly alias?: Readonly<Record<string, string | readonly string[]>>;
    /** Flags that take no value. */
    readonly boolean?: B | readonly B[];
    /** Flags whose value stays a string even if it looks like a number. */
    readonly string?: S | readonly S[];
    /** Flags that may be repeated; their values are gathered in an array. */
    readonly collect?: C | readonly C[];
    /** Flags that `--no-NAME` sets to false. */
    readonly negatable?: string | readonly string[];
    /** Values of flags that are not given. */
    readonly default?: D;
    /** Treat everything after the first non-flag as non-flags. */
    readonly stopEarly?: boolean;
    /** Called for each flag that no other option names; false keeps it out of the result. */
    readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }

  /** What parseArgs found: a property for each flag and the rest in `_`. */
  export type Args<
    B extends string = never,
    S extends string = never,
    C extends string = never,
    D extends Record<string, unknown> = Record<never, never>,
  > =
    & { _: (string | number)[]; "--"?: string[] }
    & { [K in B]: boolean }
    & { [K in Exclude<S, C | keyof D>]?: string }
    & { [K in Extract<S, keyof D>]: string | D[K] }
    & { [K in C]: K extends S ? string[] : unknown[] }
    & { [K in Exclude<keyof D, B | S | C>]: D[K] };

  /** Parses command-line arguments. */
  export function parseArgs<
    const B extends string = never,
    const S extends string = never,
    const C extends string = never,
    const D extends Record<string, unknown> = Record<never, never>,
  >(args: readonly string[], options?: ParseOptions<B, S, C, D>): Args<B, S, C, D>;
}

declare module "@std/cli/prompt-secret" {
  /** Asks on the terminal without showing the answer; null if stdin is not a terminal. */
  export function promptSecret(
    message?: string,
    options?: { mask?: string; clear?: boolean },
  ): string | null;
}

declare module "@std/streams/byte-slice-stream" {
  /** Passes on the bytes from `start` to `end`, the end included. */
  export class ByteSliceStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(start?: number, end?: number);
  }
}

declare module "@std/streams/concat-readable-streams" {
  /** One stream of the chunks of all, in order. */
  export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;
}

declare module "@std/streams/delimiter-stream" {
  /** Cuts a byte stream at each `delimiter`, which is dropped or stays at one of the sides. */
  export class DelimiterStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(
      delimiter: Uint8Array,
      options?: { disposition?: "suffix" | "prefix" | "discard" },
    );
  }
}

declare module "@std/streams/limited-bytes-transform-stream" {
  /** Ends the stream, or fails with a RangeError if `error` is set, before it exceeds `size` bytes. */
  export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(size: number, options?: { error?: boolean });
  }
}

declare module "@std/streams/text-line-stream" {
  /** Cuts a text stream into lines; `allowCR` lets a lone CR end a line too. */
  export class TextLineStream extends TransformStream<string, string> {
    constructor(options?: { allowCR?: boolean });
  }
}

declare module "@std/streams/to-array-buffer" {
  /** All bytes of the stream. */
  export function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer>;
}

declare module "@std/streams/to-bytes" {
  /** All bytes of the stream. */
  export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>>;
}

declare module "@std/streams/to-text" {
  /** All text of the stream; bytes are decoded as UTF-8. */
  export function toText(stream: ReadableStream): Promise<string>;
}

declare module "@std/streams/to-transform-stream" {
  /** A TransformStream out of a generator function over the source. */
  export function toTransformStream<I, O>(
    transformer: (src: ReadableStream<I>) => Iterable<O> | AsyncIterable<O>,
    writableStrategy?: QueuingStrategy<I>,
    readableStrategy?: QueuingStrategy<O>,
  ): TransformStream<I, O>;
}
