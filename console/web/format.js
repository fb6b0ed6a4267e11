// Numbers and times as people read them.

/** 1234567 as 1.23 M; small ones as they are. */
export function count(value) {
  if (value === null || value === undefined) return '–';
  if (value < 10_000) return String(Math.round(value));
  if (value < 1_000_000) return `${trim(value / 1_000)} k`;
  if (value < 1_000_000_000) return `${trim(value / 1_000_000)} M`;
  return `${trim(value / 1_000_000_000)} G`;
}

function trim(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A rate a second. */
export function rate(value) {
  return value >= 100 ? count(value) : value >= 10 ? value.toFixed(0) : value > 0 ? value.toFixed(1) : '0';
}

/** Microseconds. */
export function micros(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1_000) return `${Math.round(value)} µs`;
  if (value < 10_000) return `${(value / 1_000).toFixed(1)} ms`;
  if (value < 1_000_000) return `${Math.round(value / 1_000)} ms`;
  return seconds(value / 1e6);
}

/** A duration in seconds. */
export function seconds(value) {
  if (!Number.isFinite(value)) return '–';
  if (value < 10) return `${value.toFixed(2)} s`;
  if (value < 60) return `${value.toFixed(1)} s`;
  return span(value * 1_000);
}

/** A span in milliseconds, roughly. */
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1_000));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ${s % 60 && s < 600 ? `${s % 60} s` : ''}`.trim();
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`;
}

/** A size. */
export function bytes(value) {
  if (value < 1_000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1_000).toFixed(0)} kB`;
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(1)} MB`;
  return `${(value / 1_000_000_000).toFixed(2)} GB`;
}

/** A moment of today as a time, of another day with its date. */
export function moment(ms) {
  const date = new Date(ms);
  const two = (number) => String(number).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const today = date.toDateString() === new Date().toDateString();
  return today ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

/** A share of 1 in percent. */
export function percent(value) {
  return `${(100 * value).toFixed(value < 0.1 && value > 0 ? 1 : 0)} %`;
}

/** A state of a job in words. */
export const JOB_STATES = {
  running: 'running',
  paused: 'paused',
  done: 'done',
  partial: 'some failed',
  cancelled: 'cancelled',
  no_node: 'no node took it',
  lost: 'lost',
  unknown: 'unknown',
};
