// Recorded runs: chosen, compared, reported.

import { ask, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { count } from './format.js';

export function runsPage(given) {
  const chosen = new Set((given ?? '').split(',').filter(Boolean));
  const list = el('tbody');
  const empty = el('p', { class: 'empty' }, 'Reading the folders of the runs …');
  const search = el('input', { type: 'search', placeholder: 'Search runs', 'aria-label': 'Search runs', on: { input: () => draw() } });
  const by = el('select', { 'aria-label': 'Told apart' }, ...[['label', 'told apart by label'], ['folder', 'told apart by run'], ['strategy', 'only by strategy']].map(([value, text]) => el('option', { value }, text)));
  const metric = el('select', { 'aria-label': 'Judged by' }, ...[['makespan', 'judged by makespan'], ['mean', 'by mean latency'], ['p99', 'by 99th percentile']].map(([value, text]) => el('option', { value }, text)));
  const go = el('button', { class: 'main', type: 'button', on: { click: () => compare() } }, 'Compare');
  const tools = el('div', { class: 'tools' }, el('h1', { class: 'small' }, 'Runs'), search, by, metric, go);
  const table = el('table', { class: 'plain wide' }, el('thead', {}, el('tr', {}, ...['', 'Run', 'Started', 'Jobs', 'Images', 'Strategies', ''].map((text) => el('th', { class: ['Jobs', 'Images'].includes(text) ? 'number' : '' }, text)))), list);
  const links = el('div', { class: 'tools' });
  const verdict = el('p', { class: 'lead' });
  const warnings = el('ul', { class: 'warnings' });
  const frame = el('iframe', { class: 'report', title: 'Report', sandbox: '' });
  const trouble = el('p', { class: 'trouble', role: 'alert', hidden: true });
  const result = el('section', { class: 'panel', hidden: true }, links, verdict, warnings, frame);
  const node = el('div', {}, el('section', { class: 'panel history runs' }, tools, el('div', { class: 'scroll tall' }, table), empty, trouble), result);
  let runs = [];

  function draw() {
    const words = search.value.trim().toLowerCase();
    const fits = runs.filter((run) => `${run.name} ${run.label} ${run.strategies.join(' ')}`.toLowerCase().includes(words));
    list.replaceChildren(...fits.map(row));
    empty.hidden = fits.length > 0;
    table.hidden = fits.length === 0;
    if (runs.length > 0) say(empty, 'No run fits.');
    say(go, chosen.size > 1 ? `Compare ${chosen.size} runs` : 'Report on one run');
    go.disabled = chosen.size === 0;
  }

  function row(run) {
    const box = el('input', { type: 'checkbox', checked: chosen.has(run.name), 'aria-label': `Choose ${run.name}`, on: { change: () => {
      if (box.checked) chosen.add(run.name);
      else chosen.delete(run.name);
      draw();
    } } });
    const strategies = run.strategies.slice(0, 4).join(', ') + (run.strategies.length > 4 ? ` and ${run.strategies.length - 4} more` : '');
    return el('tr', { data: { run: run.name } }, el('td', {}, box), el('td', { class: 'who' }, el('b', {}, run.label), el('small', {}, run.name)), el('td', { class: 'when' }, run.started_utc.replace('T', ' ').slice(0, 19)),
      el('td', { class: 'number', data: { label: 'Jobs' } }, count(run.jobs)), el('td', { class: 'number', data: { label: 'Images' } }, count(run.tasks)), el('td', { data: { label: 'Strategies' } }, strategies || '–'),
      el('td', {}, run.jobs > 0 ? el('a', { href: `/report?runs=${encodeURIComponent(run.name)}`, target: '_blank', rel: 'noopener' }, 'report') : ''));
  }

  async function compare() {
    trouble.hidden = true;
    const query = new URLSearchParams({ runs: [...chosen].join(','), by: by.value, metric: metric.value });
    go.disabled = true;
    try {
      const told = await ask(`/api/compare?${query}`);
      result.hidden = false;
      say(verdict, `${count(told.rows.length)} ${told.rows.length === 1 ? 'strategy' : 'strategies'}, against ${told.baseline}.`);
      warnings.replaceChildren(...told.warnings.map((warning) => el('li', {}, warning)));
      warnings.hidden = told.warnings.length === 0;
      mark(frame, 'src', `/report?${query}`);
      links.replaceChildren(el('h2', {}, chosen.size > 1 ? 'Comparison' : 'Report'), el('a', { class: 'button', href: `/report?${query}`, target: '_blank', rel: 'noopener' }, 'In a tab of its own'),
        el('a', { class: 'button', href: `/api/compare?${query}&format=text`, target: '_blank', rel: 'noopener' }, 'As text'), el('a', { class: 'button', href: `/api/compare?${query}`, target: '_blank', rel: 'noopener' }, 'As JSON'));
      result.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    } catch (error) {
      trouble.hidden = false;
      say(trouble, error.message);
    } finally {
      go.disabled = false;
    }
  }

  /** When the folders were asked for and could not be read; 0 where they were. */
  let failed = 0;
  async function load() {
    failed = 0;
    try {
      runs = (await ask('/api/runs')).runs;
      if (runs.length === 0) say(empty, 'No run is recorded yet. Every server and every experiment makes one.');
      draw();
      if (chosen.size > 0) compare();
    } catch (error) {
      failed = performance.now();
      say(empty, error.message);
    }
  }

  draw();
  load();
  return { node, draw: () => failed > 0 && feed.state === 'live' && performance.now() - failed > 2_000 && load() };
}
