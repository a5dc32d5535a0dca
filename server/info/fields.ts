/**
 * What a section of INFO is made of: named fields, and how Redis writes their numbers.
 *
 * @module
 */

import type { Server } from "../server.ts";

/** The fields of one section by name, in the order in which they are told. */
export type InfoFields = Record<string, string | number | bigint>;

/** Composes the fields of one section. */
export type InfoSource = (server: Server) => InfoFields;

/** Bytes for human eyes: `512B`, `1.50K`, `23.54G`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 5);
  return `${decimals(bytes / 1024 ** power)}${"BKMGTP"[power]}`;
}

/** A number with two decimals. */
export function decimals(value: number): string {
  return value.toFixed(2);
}

/** How many times `whole` fits into `part`, with two decimals; 0 when there is no whole. */
export function ratio(part: number, whole: number): string {
  return decimals(whole === 0 ? 0 : part / whole);
}

/** A part in percent, with two decimals and the sign. */
export function percent(part: number, whole: number): string {
  return `${ratio(part * 100, whole)}%`;
}

/** A name with `_` for every character that a reader of `name:value` lines would stumble over. */
export function safeName(name: string): string {
  return name.replace(/[#:\r\n]/g, "_");
}
