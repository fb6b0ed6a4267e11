// Jobs: the list of them, and the way to a new one.

import { keep } from './cluster.js';
import { bar, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { JOB_STATES, count, moment, seconds, span } from './format.js';
import { submitForm } from './submit.js';

/** How long a running job still takes, from its pace so far, in milliseconds; null while nobody can know. */
export function timeLeft(job) {
  const ended = job.done + job.failed;
  if (job.state !== 'running' || ended === 0 || job.elapsed_us < 500_000) return null;
  return (job.elapsed_us / 1_000 / ended) * (job.tasks - ended);
}

/** What is to be said of a job in a few words. */
export function progressWords(job) {
  const left = timeLeft(job);
  const parts = [`${count(job.done)} of ${count(job.tasks)}`];
  if (job.failed > 0) parts.push(`${count(job.failed)} failed`);
  if (job.state === 'paused') parts.push(job.in_flight > 0 ? `${count(job.in_flight)} in flight` : 'nothing in flight');
  else if (job.state === 'running') parts.push(left === null ? 'under way' : `${span(Math.max(1_000, left))} left`);
  else parts.push(seconds(job.elapsed_us / 1e6));
  return parts.join(', ');
}

export const jobAddress = (key) => `#/jobs/${encodeURIComponent(key)}`;

/** A job in one line. It draws itself anew from whatever job it is given. */
export function jobLine() {
  const name = el('b');
  const below = el('small');
  const words = el('span', { class: 'words' });
  const state = el('span', { class: 'badge' });
  const progress = bar('work');
  const link = el('a', { class: 'job-line' }, el('span', { class: 'what' }, name, below), el('span', { class: 'how' }, el('span', { class: 'head' }, words, state), progress));
  const node = el('li', {}, link);
  node.draw = (job) => {
    mark(link, 'href', jobAddress(job.key));
    mark(node, 'data-key', job.key);
    say(name, job.label || job.operation);
    say(below, `${job.label ? `${job.operation} · ` : ''}${job.strategy} · ${moment(job.submitted_ms)}`);
    say(words, progressWords(job));
    say(state, JOB_STATES[job.state] ?? job.state);
    mark(state, 'data-kind', stateKind(job.state));
    progress.fill(job.tasks > 0 ? (job.done + job.failed) / job.tasks : 0);
    mark(progress, 'data-kind', stateKind(job.state));
  };
  return node;
}

export const stateKind = (state) =>
  ({ running: 'work', paused: 'warn', done: 'good', partial: 'warn', cancelled: '', no_node: 'bad', lost: 'bad', unknown: 'warn' })[state] ?? '';

export function jobsPage(part) {
  const list = el('ul', { class: 'lines tall' });
  const empty = el('div', { class: 'empty' },
    el('p', {}, 'No job yet.'), el('p', { class: 'hint' }, 'Drop some images on the left, or use the command line: '), el('code', {}, 'client data random'));
  const form = submitForm();
  const node = el('div', { class: 'split' }, el('h1', { class: 'unseen' }, 'Jobs'), form.node,
    el('section', { class: 'panel' }, el('h2', {}, 'Jobs ', el('small', {}, 'that the server knows, the newest first')), list, empty));
  if (part === 'new') requestAnimationFrame(() => form.focus());
  return {
    node,
    draw() {
      empty.hidden = feed.jobs.length > 0 || feed.number === 0;
      node.classList.toggle('loading', feed.number === 0);
      keep(list, feed.jobs, (job) => job.key, () => jobLine());
      form.draw();
    },
    close: () => form.close(),
  };
}
