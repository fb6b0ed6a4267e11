// Recorded runs: chosen, compared, reported.

import { ask, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { count } from './format.js';

const HEADS = ['', 'Run', 'Started', 'Jobs', 'Images', 'Strategies', ''];
const APART = [['label', 'told apart by label'], ['folder', 'told apart by run'], ['strategy', 'only by strategy']];
const METRICS = [['makespan', 'judged by makespan'], ['mean', 'by mean latency'], ['p99', 'by 99th percentile']];

export function runsPage(given) {
  const page = new RunsPage(given);
  return { node: page.node, draw: () => page.retry() };
}

class RunsPage {
  constructor(given) {
    this.chosen = new Set((given ?? '').split(',').filter(Boolean));
    this.runs = [];
    /** When the folders were asked for and could not be read; 0 where they were. */
    this.failed = 0;
    this.list = el('tbody');
    this.empty = el('p', { class: 'empty' }, 'Reading the folders of the runs …');
    this.search = el('input', { type: 'search', placeholder: 'Search runs', 'aria-label': 'Search runs', on: { input: () => this.draw() } });
    this.by = choice('Told apart', APART);
    this.metric = choice('Judged by', METRICS);
    this.go = el('button', { class: 'main', type: 'button', on: { click: () => this.compare() } }, 'Compare');
    const tools = el('div', { class: 'tools' }, el('h1', { class: 'small' }, 'Runs'), this.search, this.by, this.metric, this.go);
    const heads = HEADS.map((text) => el('th', { class: ['Jobs', 'Images'].includes(text) ? 'number' : '' }, text));
    this.table = el('table', { class: 'plain wide' }, el('thead', {}, el('tr', {}, ...heads)), this.list);
    this.trouble = el('p', { class: 'trouble', role: 'alert', hidden: true });
    this.comparison = new Comparison();
    this.node = el('div', {}, el('section', { class: 'panel history runs' }, tools, el('div', { class: 'scroll tall' }, this.table), this.empty, this.trouble), this.comparison.node);
    this.draw();
    this.load();
  }

  draw() {
    const words = this.search.value.trim().toLowerCase();
    const fits = this.runs.filter((run) => `${run.name} ${run.label} ${run.strategies.join(' ')}`.toLowerCase().includes(words));
    this.list.replaceChildren(...fits.map((run) => this.row(run)));
    this.empty.hidden = fits.length > 0;
    this.table.hidden = fits.length === 0;
    if (this.runs.length > 0) say(this.empty, 'No run fits.');
    say(this.go, this.chosen.size > 1 ? `Compare ${this.chosen.size} runs` : 'Report on one run');
    this.go.disabled = this.chosen.size === 0;
  }

  row(run) {
    const box = el('input', { type: 'checkbox', checked: this.chosen.has(run.name), 'aria-label': `Choose ${run.name}`, on: { change: () => {
      if (box.checked) this.chosen.add(run.name);
      else this.chosen.delete(run.name);
      this.draw();
    } } });
    const strategies = run.strategies.slice(0, 4).join(', ') + (run.strategies.length > 4 ? ` and ${run.strategies.length - 4} more` : '');
    return el('tr', { data: { run: run.name } }, el('td', {}, box), el('td', { class: 'who' }, el('b', {}, run.label), el('small', {}, run.name)), el('td', { class: 'when' }, run.started_utc.replace('T', ' ').slice(0, 19)),
      el('td', { class: 'number', data: { label: 'Jobs' } }, count(run.jobs)), el('td', { class: 'number', data: { label: 'Images' } }, count(run.tasks)), el('td', { data: { label: 'Strategies' } }, strategies || '–'),
      el('td', {}, run.jobs > 0 ? el('a', { href: `/report?runs=${encodeURIComponent(run.name)}`, target: '_blank', rel: 'noopener' }, 'report') : ''));
  }

  async compare() {
    this.trouble.hidden = true;
    const query = new URLSearchParams({ runs: [...this.chosen].join(','), by: this.by.value, metric: this.metric.value });
    this.go.disabled = true;
    try {
      this.comparison.show(await ask(`/api/compare?${query}`), query, this.chosen.size);
    } catch (error) {
      this.trouble.hidden = false;
      say(this.trouble, error.message);
    } finally {
      this.go.disabled = false;
    }
  }

  async load() {
    this.failed = 0;
    try {
      this.runs = (await ask('/api/runs')).runs;
      if (this.runs.length === 0) say(this.empty, 'No run is recorded yet. Every server and every experiment makes one.');
      this.draw();
      if (this.chosen.size > 0) this.compare();
    } catch (error) {
      this.failed = performance.now();
      say(this.empty, error.message);
    }
  }

  /** Asks again for what could not be read when the server is back. */
  retry() {
    if (this.failed > 0 && feed.state === 'live' && performance.now() - this.failed > 2_000) this.load();
  }
}

/** What a comparison says, with its report below it. */
class Comparison {
  constructor() {
    this.links = el('div', { class: 'tools' });
    this.verdict = el('p', { class: 'lead' });
    this.warnings = el('ul', { class: 'warnings' });
    this.frame = el('iframe', { class: 'report', title: 'Report', sandbox: '' });
    this.node = el('section', { class: 'panel', hidden: true }, this.links, this.verdict, this.warnings, this.frame);
  }

  show(told, query, runs) {
    this.node.hidden = false;
    say(this.verdict, `${count(told.rows.length)} ${told.rows.length === 1 ? 'strategy' : 'strategies'}, against ${told.baseline}.`);
    this.warnings.replaceChildren(...told.warnings.map((warning) => el('li', {}, warning)));
    this.warnings.hidden = told.warnings.length === 0;
    mark(this.frame, 'src', `/report?${query}`);
    const link = (href, text) => el('a', { class: 'button', href, target: '_blank', rel: 'noopener' }, text);
    this.links.replaceChildren(el('h2', {}, runs > 1 ? 'Comparison' : 'Report'), link(`/report?${query}`, 'In a tab of its own'),
      link(`/api/compare?${query}&format=text`, 'As text'), link(`/api/compare?${query}`, 'As JSON'));
    this.node.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }
}

function choice(label, choices) {
  return el('select', { 'aria-label': label }, ...choices.map(([value, text]) => el('option', { value }, text)));
}
