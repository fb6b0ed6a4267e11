// The table of nodes. Only the rows that can be seen exist, so ten thousand nodes cost what forty do.

import { Curve } from './curve.js';
import { bar, el, mark, say, tell, toast } from './dom.js';
import { feed } from './feed.js';
import { count, micros, percent, span } from './format.js';

const ORDER = { up: 0, draining: 1, ejected: 2, suspected: 3, down: 4, unknown: 5 };

// key, heading, what it means, value to sort by
const COLUMNS = [
  ['name', 'Node', 'name and address', (node) => node.place],
  ['state', 'State', 'and since when', (node) => ORDER[node.state] * 1e15 - node.since],
  ['load', 'Load', 'its load probability, where it tells', (node) => node.load ?? -1],
  ['slots', 'In flight', 'attempts in flight, of its slots', (node) => node.inFlight],
  ['queue', 'Queue', 'attempts beyond its slots', (node) => node.queue ?? -1],
  ['done', 'Done', 'attempts finished', (node) => node.done],
  ['rejected', 'Rejected', 'attempts that it refused', (node) => node.rejected],
  ['delayed', 'Delayed', 'attempts that started late', (node) => node.delayed],
  ['lost', 'Lost', 'attempts lost with it', (node) => node.lost],
  ['response', 'Response', 'mean round trip of what finished lately, else of everything', (node) => node.response ?? node.mean ?? -1],
  ['curve', 'Last 30 s', 'response time', (node) => node.response ?? -1],
];

export class NodeList {
  constructor() {
    this.sort = 'name';
    this.down = false;
    this.states = new Set();
    this.words = '';
    this.focused = -1;
    this.rows = [];
    this.order = [];
    this.search = el('input', { type: 'search', placeholder: 'Filter nodes', 'aria-label': 'Filter nodes', on: { input: () => this.filter() } });
    this.chips = Object.keys(ORDER).map((state) => this.chip(state));
    this.tally = el('span', { class: 'tally', 'aria-live': 'polite' });
    this.heads = COLUMNS.map((column) => this.head(column));
    this.canvas = el('div', { class: 'canvas' });
    this.empty = el('div', { class: 'empty' });
    this.body = el('div', { class: 'body', tabindex: '0', role: 'grid', 'aria-label': 'Nodes: arrows choose one, Enter opens it', on: {
      scroll: () => this.place(), keydown: (event) => this.key(event), focus: () => this.focused < 0 && this.body.matches(':focus-visible') && this.focus(0),
    } }, this.canvas, this.empty);
    this.table = el('div', { class: 'grid' }, el('div', { class: 'row heads', role: 'group', 'aria-label': 'Sort by' }, ...this.heads), this.body);
    this.node = el('section', { class: 'panel nodes' },
      el('div', { class: 'tools' }, el('h2', {}, 'Nodes'), this.tally, el('span', { class: 'chips' }, ...this.chips), this.search), this.table);
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.body);
    this.detail = new NodeSheet();
    this.node.append(this.detail.node);
  }

  close() {
    this.resized.disconnect();
  }

  chip(state) {
    const node = el('button', { class: 'chip', type: 'button', data: { state }, 'aria-pressed': 'false', on: { click: () => {
      if (!this.states.delete(state)) this.states.add(state);
      mark(node, 'aria-pressed', String(this.states.has(state)));
      this.draw();
    } } }, el('i', { class: 'dot' }), el('span'));
    return node;
  }

  head([key, title, help]) {
    return el('button', { class: `head ${key}`, type: 'button', title: help, on: { click: () => {
      if (this.sort === key) this.down = !this.down;
      else [this.sort, this.down] = [key, key !== 'name'];
      this.draw();
    } } }, title);
  }

  filter() {
    this.words = this.search.value.trim().toLowerCase();
    this.body.scrollTop = 0;
    this.draw();
  }

  arrange() {
    const fits = (node) => (this.states.size === 0 || this.states.has(node.state)) &&
      (this.words === '' || node.name.toLowerCase().includes(this.words) || node.address.includes(this.words));
    const order = this.states.size === 0 && this.words === '' ? [...feed.nodes] : feed.nodes.filter(fits);
    const value = COLUMNS.find(([key]) => key === this.sort)[3];
    const sign = this.down ? -1 : 1;
    if (this.sort !== 'name' || this.down) order.sort((a, b) => sign * (value(a) - value(b)) || a.place - b.place);
    this.order = order;
  }

  draw() {
    this.arrange();
    COLUMNS.forEach(([key], index) => {
      mark(this.heads[index], 'data-sort', this.sort !== key ? 'none' : this.down ? 'descending' : 'ascending');
      mark(this.heads[index], 'aria-pressed', String(this.sort === key));
    });
    for (const chip of this.chips) {
      const nodes = feed.nodes.filter((node) => node.state === chip.dataset.state).length;
      say(chip.lastChild, `${chip.dataset.state} ${count(nodes)}`);
      chip.hidden = nodes === 0 && !this.states.has(chip.dataset.state);
    }
    const all = feed.nodes.length;
    say(this.tally, this.order.length === all ? count(all) : `${count(this.order.length)} of ${count(all)}`);
    mark(this.body, 'aria-rowcount', String(this.order.length));
    this.empty.hidden = this.order.length > 0;
    if (this.order.length === 0) this.nothing();
    this.place();
    this.detail.draw();
  }

  nothing() {
    if (feed.number === 0) say(this.empty, 'Asking the server for its nodes …');
    else if (feed.nodes.length > 0) say(this.empty, 'No node fits the filter.');
    else this.invite();
  }

  /** What a newcomer types to have a node. */
  invite() {
    const command = `computenode 0.2 --server ${(feed.servers.find((server) => server.leads) ?? feed.servers[0])?.address ?? '127.0.0.1:5000'}`;
    if (this.empty.lastText === command) return;
    this.empty.lastText = command;
    this.empty.replaceChildren('No node yet. Start one in another terminal:', el('br'), el('code', {}, command));
  }

  /** Puts rows where they can be seen. */
  place() {
    const height = matchMedia('(max-width: 760px)').matches ? 64 : 38;
    this.canvas.style.height = `${this.order.length * height}px`;
    const seen = this.body.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.body.scrollTop / height) - 3);
    const last = Math.min(this.order.length, first + Math.ceil(seen / height) + 7);
    while (this.rows.length < last - first) {
      const row = new NodeRow(this);
      this.rows.push(row);
      this.canvas.append(row.node);
    }
    this.rows.forEach((row, index) => {
      const at = first + index;
      row.node.hidden = at >= last;
      if (at < last) row.draw(this.order[at], at, at * height, at === this.focused);
    });
    const focused = this.rows.find((row) => !row.node.hidden && row.node.classList.contains('focused'));
    if (focused) mark(this.body, 'aria-activedescendant', focused.node.id);
    else this.body.removeAttribute('aria-activedescendant');
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (event.key === 'Enter' && this.order[this.focused]) this.detail.open(this.order[this.focused]);
    else if (event.key === 'Home') this.focus(0);
    else if (event.key === 'End') this.focus(this.order.length - 1);
    else if (step) this.focus(this.focused + step);
    else return;
    event.preventDefault();
  }

  focus(at) {
    this.focused = Math.max(0, Math.min(this.order.length - 1, at));
    const height = matchMedia('(max-width: 760px)').matches ? 64 : 38;
    const top = this.focused * height;
    if (top < this.body.scrollTop) this.body.scrollTop = top;
    else if (top + height > this.body.scrollTop + this.body.clientHeight) this.body.scrollTop = top + height - this.body.clientHeight;
    this.place();
  }
}

class NodeRow {
  constructor(list) {
    this.parts = {};
    const cell = (key, ...children) => {
      const node = el('span', { class: `cell ${key}`, role: 'gridcell' }, ...children);
      this.parts[key] = node;
      return node;
    };
    this.name = el('b');
    this.address = el('small');
    this.state = el('span');
    this.since = el('small');
    this.load = bar('load');
    this.loadText = el('span', { class: 'figure' });
    this.busy = bar('busy');
    this.busyText = el('span', { class: 'figure' });
    this.curve = new Curve(120, 24);
    this.node = el('div', { class: 'row', role: 'row', id: `row-${list.rows.length}`, on: { click: () => list.detail.open(this.shown) } },
      cell('name', el('i', { class: 'dot' }), el('span', {}, this.name, this.address)),
      cell('state', this.state, this.since),
      cell('load', this.loadText, this.load),
      cell('slots', this.busyText, this.busy),
      ...['queue', 'done', 'rejected', 'delayed', 'lost', 'response'].map((key) => cell(key)),
      cell('curve', this.curve.node));
  }

  draw(node, at, top, focused) {
    if (this.top !== top) {
      this.top = top;
      this.node.style.transform = `translateY(${top}px)`;
      mark(this.node, 'aria-rowindex', String(at + 1));
    }
    this.shown = node;
    mark(this.node, 'data-state', node.state);
    mark(this.node, 'data-name', node.name);
    this.node.classList.toggle('focused', focused);
    mark(this.node, 'aria-label', `${node.name}, ${node.state}, ${count(node.inFlight)} in flight, ${count(node.done)} done, ${count(node.rejected)} rejected, ${count(node.delayed)} delayed`);
    say(this.name, node.name);
    say(this.address, node.address);
    say(this.state, node.state);
    say(this.since, span(feed.at - node.since));
    say(this.loadText, node.load === null ? (node.compatible ? 'not told' : '–') : percent(node.load));
    this.load.fill(node.load ?? 0);
    say(this.busyText, node.slots === null ? count(node.inFlight) : `${count(node.inFlight)} / ${count(node.slots)}`);
    this.busy.fill(node.slots ? node.inFlight / node.slots : 0);
    say(this.parts.queue, count(node.queue));
    for (const key of ['done', 'rejected', 'delayed', 'lost']) {
      say(this.parts[key], count(node[key]));
      this.parts[key].classList.toggle('zero', node[key] === 0);
    }
    this.parts.queue.classList.toggle('zero', !node.queue);
    say(this.parts.response, micros(node.response ?? node.mean));
    this.parts.response.classList.toggle('zero', node.response === null);
    this.curve.draw(node.curve);
  }
}

/** One node closer. */
class NodeSheet {
  constructor() {
    this.title = el('h2');
    this.badge = el('span', { class: 'badge' });
    this.facts = el('dl', { class: 'facts' });
    this.curve = new Curve(480, 110, true);
    this.top = el('small', { class: 'axis' });
    this.actions = el('div', { class: 'actions' });
    this.node = el('dialog', { class: 'sheet', 'aria-label': 'One node' },
      el('div', { class: 'sheet-head' }, this.title, this.badge, el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close', on: { click: () => this.node.close() } }, '✕')),
      el('figure', { class: 'big' }, this.top, this.curve.node, el('figcaption', {}, 'Response time over the last 30 seconds')), this.facts, this.actions);
    this.node.addEventListener('click', (event) => event.target === this.node && this.node.close());
  }

  open(node) {
    this.shown = node.name;
    this.word = null;
    this.draw();
    this.node.showModal();
  }

  draw() {
    const node = this.shown && feed.nodes.find((each) => each.name === this.shown);
    if (!node) return;
    say(this.title, node.name);
    say(this.badge, node.state);
    mark(this.badge, 'data-kind', { up: 'good', down: 'bad', ejected: 'bad', suspected: 'bad', draining: 'warn', unknown: 'warn' }[node.state]);
    const top = Math.max(...node.curve.filter((value) => value !== null), 0);
    say(this.top, top > 0 ? micros(top) : 'nothing finished');
    this.curve.draw(node.curve);
    const facts = [
      ['Address', node.address], ['In this state for', span(feed.at - node.since)],
      ['Load probability', node.load === null ? 'not told' : percent(node.load)], ['Slots', count(node.slots)],
      ['In flight', count(node.inFlight)], ['Waiting', count(node.queue)], ['Attempts', count(node.attempts)], ['Done', count(node.done)],
      ['Rejected', `${count(node.rejected)}${node.attempts ? ` (${percent(node.rejected / node.attempts)})` : ''}`],
      ['Delayed', `${count(node.delayed)}${node.attempts ? ` (${percent(node.delayed / node.attempts)})` : ''}`],
      ['Lost', count(node.lost)], ['Mean response', micros(node.mean)],
      ['Speaks', node.compatible ? "the original's interface" : 'Ballast'],
    ];
    if (this.facts.children.length !== 2 * facts.length) {
      this.facts.replaceChildren(...facts.flatMap(([name]) => [el('dt', {}, name), el('dd')]));
    }
    facts.forEach(([, value], index) => say(this.facts.children[2 * index + 1], value));
    if (this.asked) return;
    const word = node.state === 'draining' ? 'resume' : 'drain';
    const texts = { drain: 'Drain: finish what it has, take nothing new', resume: 'Resume: take work again' };
    if (this.word === word) return;
    this.word = word;
    const button = el('button', { type: 'button', on: { click: async () => {
      this.asked = button.disabled = true;
      try {
        await tell(`/api/nodes/${encodeURIComponent(node.name)}/${word}`);
        toast(word === 'drain' ? `${node.name} finishes what it has` : `${node.name} takes work again`);
      } catch (error) {
        toast(error.message, 'bad');
      }
      this.asked = false;
      this.word = null;
      this.draw();
    } } }, texts[word]);
    this.actions.replaceChildren(button);
  }
}
