// The cluster at a glance: figures, servers, nodes, strategies, jobs at work.

import { Curve } from './curve.js';
import { bar, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { count, micros, percent, rate, span } from './format.js';
import { isOpen } from './head.js';
import { jobLine } from './jobs.js';
import { NodeList } from './nodes.js';

// title, the figure, what stands below it, its place in the trend, its colour
const TILES = [
  ['Nodes up', () => count(feed.totals.up), () => `of ${count(feed.totals.nodes)}`, null, 'good'],
  ['In flight', () => count(feed.totals.in_flight), () => `${count(feed.totals.slots)} slots, ${count(feed.totals.queue)} waiting`, 3, 'work'],
  ['Done', () => rate(feed.rates.done ?? 0), () => `a second, ${count(feed.totals.done)} in all`, 0, 'good'],
  ['Rejected', () => rate(feed.rates.rejected ?? 0), () => `a second, ${count(feed.totals.rejected)} in all`, 1, 'bad'],
  ['Delayed', () => rate(feed.rates.delayed ?? 0), () => `a second, ${count(feed.totals.delayed)} in all`, 2, 'warn'],
  ['Response', () => (feed.rates.response_us > 0 ? micros(feed.rates.response_us) : '–'), () => 'mean of what finished', 4, 'work'],
];

function tile([title, figure, below, place, colour]) {
  const value = el('strong');
  const foot = el('small');
  const curve = place === null ? null : new Curve(120, 28, true);
  const states = place === null ? el('span', { class: 'states' }) : null;
  const node = el('div', { class: `tile ${colour}` }, el('span', { class: 'title' }, title), value, foot, curve?.node ?? states);
  node.draw = () => {
    say(value, figure());
    say(foot, below());
    curve?.draw(feed.trend.map((sample) => sample[place]));
    if (states) drawStates(states);
  };
  return node;
}

const STATES = ['up', 'draining', 'ejected', 'suspected', 'down', 'unknown'];

function drawStates(node) {
  if (!node.children.length) node.append(...STATES.map((state) => el('i', { data: { state } })));
  STATES.forEach((state, index) => {
    const nodes = feed.nodes.filter((each) => each.state === state).length;
    node.children[index].style.setProperty('--share', nodes);
    node.children[index].title = `${nodes} ${state}`;
  });
}

/** Keeps the children of `parent` in step with `items`, made by `make` and drawn by their own `draw`. */
function keep(parent, items, key, make) {
  const known = new Map([...parent.children].map((child) => [child.key, child]));
  const children = items.map((item) => {
    const child = known.get(key(item)) ?? Object.assign(make(item), { key: key(item) });
    child.draw(item);
    return child;
  });
  const same = children.length === parent.children.length && children.every((child, at) => parent.children[at] === child);
  if (!same) parent.replaceChildren(...children);
}

/** What a server does for the cluster: in a word, and in a sentence. */
function roleOf(server) {
  if (!server.up) return ['down', 'It does not answer.'];
  const elected = server.election;
  if (elected?.term != null) return ['leads', `Elected in term ${elected.term}: new jobs go to it, and the nodes below are as it sees them.`];
  if (elected) return ['follows', elected.leader ? `The server at ${elected.leader} is elected; this one may be the next.` : 'It knows of no leader at this moment: one is being elected.'];
  const taken = server.epoch > 1 ? ' It goes on with jobs of another server, or from before it was started again.' : '';
  if (server.leads) return ['leads', `New jobs go to it, and the nodes below are as it sees them.${taken}`];
  if (server.standby_of.length > 0) return ['stands by', `It goes on with the jobs of ${server.standby_of.join(', ')} when there is no answer any more.`];
  return ['also up', 'It answers, and another server leads.'];
}

function serverCard() {
  const name = el('b');
  const badge = el('span', { class: 'badge' });
  const foot = el('small');
  const node = el('li', { class: 'server' }, el('i', { class: 'dot' }), el('div', {}, el('div', { class: 'head' }, name, badge), foot));
  node.draw = (server) => {
    mark(node, 'data-state', server.up ? 'up' : 'down');
    say(name, server.name);
    const [role, meaning] = roleOf(server);
    say(badge, role);
    mark(node, 'title', meaning);
    mark(badge, 'data-kind', server.leads ? 'good' : server.up ? '' : 'bad');
    const jobs = `${count(server.jobs_running)} ${server.jobs_running === 1 ? 'job runs' : 'jobs run'}, ${count(server.jobs_ended)} ended`;
    const term = server.election?.term != null ? ` · term ${server.election.term}` : server.epoch > 1 ? ` · epoch ${server.epoch}` : '';
    say(foot, server.up ? `${server.address} · up ${span(feed.at - server.started_ms)} · ${jobs}${term}` : `${server.address} · ${server.why ?? ''}`);
  };
  return node;
}

function strategyRow() {
  const name = el('b');
  const admission = el('small');
  const cells = [0, 1, 2, 3].map(() => el('td', { class: 'number' }));
  const speed = bar('work');
  cells[1].append(el('span', { class: 'figure' }), speed);
  const node = el('tr', {}, el('td', {}, name, admission), ...cells);
  node.draw = ({ row, best }) => {
    say(name, row.strategy);
    say(admission, `${row.admission}${row.running ? `, ${row.running} at work` : ''}`);
    say(cells[0], count(row.jobs));
    const throughput = speedOf(row);
    say(cells[1].firstChild, throughput > 0 ? `${rate(throughput)}/s` : '–');
    speed.fill(best > 0 ? throughput / best : 0);
    say(cells[2], row.done > 0 ? (row.rejected / row.done).toFixed(2) : '–');
    say(cells[3], row.done > 0 ? (row.delayed / row.done).toFixed(2) : '–');
    node.title = `${count(row.done)} images done, ${count(row.failed)} failed, ${count(row.attempts)} attempts, ${count(row.lost)} lost`;
  };
  return node;
}

const speedOf = (row) => (row.elapsed_us > 0 ? row.done / (row.elapsed_us / 1e6) : 0);

function strategies() {
  const body = el('tbody');
  const empty = el('p', { class: 'hint' }, 'Nothing to compare yet: each strategy appears here with its first job.');
  const table = el('table', { class: 'plain' },
    el('thead', {}, el('tr', {}, el('th', {}, 'Strategy'), el('th', { class: 'number' }, 'Jobs'), el('th', { class: 'number' }, 'Images'),
      el('th', { class: 'number', title: 'rejections an image' }, 'Rej.'), el('th', { class: 'number', title: 'delays an image' }, 'Del.'))), body);
  const node = el('section', { class: 'panel' }, el('h2', {}, 'Strategies'), table, empty);
  node.draw = () => {
    const rows = [...feed.performance].sort((a, b) => speedOf(b) - speedOf(a));
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    const best = Math.max(0, ...rows.map(speedOf));
    keep(body, rows.map((row) => ({ row, best })), ({ row }) => `${row.strategy} ${row.admission}`, strategyRow);
  };
  return node;
}

function running() {
  const list = el('ul', { class: 'lines' });
  const empty = el('p', { class: 'hint' }, 'No job is running. ', el('a', { href: '#/jobs/new' }, 'Hand in some images'), '.');
  const node = el('section', { class: 'panel' }, el('h2', {}, 'Jobs at work'), list, empty);
  node.draw = () => {
    const jobs = feed.jobs.filter((job) => isOpen(job)).slice(0, 8);
    empty.hidden = jobs.length > 0;
    keep(list, jobs, (job) => job.key, () => jobLine());
  };
  return node;
}

export function clusterPage() {
  const tiles = TILES.map(tile);
  const servers = el('ul', { class: 'servers' });
  const nodes = new NodeList();
  const side = [running(), strategies()];
  const node = el('div', { class: 'cluster' }, el('h1', { class: 'unseen' }, 'Cluster'),
    el('section', { class: 'tiles', 'aria-label': 'Figures' }, ...tiles),
    el('div', { class: 'wide' }, nodes.node),
    el('aside', {}, el('section', { class: 'panel' }, el('h2', {}, 'Servers'), servers), ...side));
  return {
    node,
    draw() {
      node.classList.toggle('loading', feed.number === 0);
      tiles.forEach((each) => each.draw());
      keep(servers, feed.servers, (server) => server.address, serverCard);
      side.forEach((each) => each.draw());
      nodes.draw();
    },
    close: () => nodes.close(),
  };
}

export { keep, percent };
