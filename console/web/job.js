// One job: where it stands, what failed and why, who did it, its results before and after.

import { ask, bar, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { count, percent } from './format.js';
import { JobHead, isOpen } from './head.js';
import { Results } from './results.js';

export function jobPage(key) {
  const page = new JobPage(key);
  return { node: page.node, draw: () => page.draw(), close: () => page.close() };
}

class JobPage {
  constructor(key) {
    this.key = key;
    this.address = `/api/jobs/${encodeURIComponent(key)}`;
    this.head = new JobHead(this.address);
    this.failures = el('section', { class: 'panel', hidden: true });
    this.shares = el('section', { class: 'panel', hidden: true });
    this.results = new Results(this.address);
    this.whyMissing = el('p');
    this.missing = el('div', { class: 'empty', hidden: true }, this.whyMissing, el('p', { class: 'hint' }, el('a', { href: '#/history/jobs' }, 'Past jobs'), ' are in the history.'));
    this.node = el('div', { class: 'job' }, this.head.node, this.missing, this.results.node, this.failures, this.shares);
    this.job = feed.jobs.find((each) => each.key === key) ?? null;
    this.seen = '';
    this.loaded = 0;
    this.load();
  }

  /** Fetches what no frame tells: failures, shares, the images. */
  async load() {
    if (this.loading || this.closed) return;
    this.loading = true;
    this.loaded = performance.now();
    try {
      const told = await ask(this.address);
      this.job = told.job;
      this.missing.hidden = true;
      if (told.report) this.take(told.report);
      await this.results.load(this.job);
    } catch (error) {
      if (!this.job) {
        this.missing.hidden = false;
        say(this.whyMissing, error.message);
        this.head.node.hidden = true;
      }
    } finally {
      this.loading = false;
    }
    this.drawHead();
  }

  take(report) {
    drawFailures(this.failures, report.failures, this.job.failed);
    this.results.failures = new Map(report.failures.map(({ name, why }) => [name, why]));
    drawShares(this.shares, report.nodes);
    this.head.reason(report.why);
  }

  drawHead() {
    if (!this.job) return;
    mark(this.node, 'data-state', this.job.state);
    this.head.draw(this.job);
  }

  draw() {
    const live = feed.jobs.find((each) => each.key === this.key);
    if (live) this.job = live;
    this.drawHead();
    const now = live ? `${live.state} ${live.done} ${live.failed}` : '';
    const since = performance.now() - this.loaded;
    // What changed is fetched again, at most once a second, and at once when the job ends.
    const due = since > 1_000 || (live && live.state !== 'running' && !this.seen.startsWith(live.state));
    if (live && now !== this.seen && due) {
      this.seen = now;
      this.load();
    } else if (!live && this.job && isOpen(this.job) && feed.state === 'live' && since > 2_000) {
      // No server lists it any more: the history may know what became of it.
      this.load();
    }
  }

  close() {
    this.closed = true;
    this.results.close();
  }
}

function drawFailures(panel, list, failed) {
  panel.hidden = list.length === 0;
  if (list.length === 0 || panel.shown === list.length) return;
  panel.shown = list.length;
  const rows = list.map(({ name, why }) => el('tr', {}, el('td', {}, name), el('td', { class: 'why' }, why)));
  const more = failed > list.length ? el('p', { class: 'hint' }, `and ${count(failed - list.length)} more in tasks.csv`) : null;
  panel.replaceChildren(el('h2', {}, `Failed `, el('small', {}, `${count(failed)} ${failed === 1 ? 'image has' : 'images have'} no result`)),
    el('div', { class: 'scroll' }, el('table', { class: 'plain failures' }, el('thead', {}, el('tr', {}, el('th', {}, 'Image'), el('th', {}, 'Why'))), el('tbody', {}, ...rows))), more ?? '');
}

function drawShares(panel, nodes) {
  const worked = nodes.filter((node) => node.attempts > 0);
  panel.hidden = worked.length === 0;
  const total = worked.reduce((sum, node) => sum + node.attempts, 0);
  const rows = worked.slice(0, 200).map((node) => {
    const share = bar('work');
    share.fill(node.attempts / total);
    return el('tr', {}, el('td', {}, node.node), el('td', { class: 'number' }, percent(node.attempts / total)), el('td', { class: 'grow' }, share),
      ...['attempts', 'done', 'rejected', 'delayed', 'lost'].map((name) => el('td', { class: 'number' }, count(node[name]))));
  });
  const heads = ['Node', 'Share', '', 'Attempts', 'Done', 'Rejected', 'Delayed', 'Lost'];
  panel.replaceChildren(el('h2', {}, 'Who did it'), el('div', { class: 'scroll' }, el('table', { class: 'plain' },
    el('thead', {}, el('tr', {}, ...heads.map((head, index) => el('th', { class: index === 0 || index === 2 ? '' : 'number' }, head)))), el('tbody', {}, ...rows))));
}
