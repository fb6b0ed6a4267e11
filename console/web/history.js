// What was: events and past jobs, searched in the server's database.

import { ask, el, mark, say } from './dom.js';
import { feed } from './feed.js';
import { JOB_STATES, count, moment, seconds } from './format.js';
import { jobAddress, stateKind } from './jobs.js';

const WORDS = {
  node_registered: ['node registered', 'work'], node_up: ['node up', 'good'], node_suspected: ['node suspected', 'bad'], node_down: ['node down', 'bad'],
  node_ejected: ['node ejected', 'bad'], node_draining: ['node draining', 'warn'], node_drained: ['node drained', 'warn'], node_removed: ['node removed', 'bad'], node_restarted: ['node restarted', 'warn'],
  rejected: ['rejected', 'warn'], server_up: ['server up', 'good'], server_down: ['server down', 'bad'], server_restarted: ['server restarted', 'warn'], leads: ['leads now', 'warn'], failed_over: ['failed over', 'warn'],
  job_submitted: ['job in', 'work'], job_ended: ['job ended', 'work'], job_lost: ['job lost', 'bad'], job_deposed: ['job deposed', 'warn'], job_paused: ['job paused', 'warn'], job_resumed: ['job resumed', 'work'], job_watched: ['job watched', ''],
  steered: ['steered', ''], missed: ['missed', 'bad'], other: ['other', ''],
};
const NUMBERS = ['Images', 'Time', 'Rejected'];
const PAGE = 100;

export function historyPage(part) {
  let shown = part === 'jobs' ? 'jobs' : 'events';
  let last = null;
  let asked = 0;
  let number = 0;
  const search = el('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search the history', on: { input: () => later() } });
  const kind = el('select', { 'aria-label': 'Kind', on: { change: () => load() } }, el('option', { value: '' }, 'every kind'),
    ...Object.entries(WORDS).map(([value, [text]]) => el('option', { value }, text)));
  const tabs = [['events', 'Events'], ['jobs', 'Past jobs']].map(([name, text]) =>
    el('button', { type: 'button', on: { click: () => {
      shown = name;
      load();
    } } }, text));
  const body = el('tbody');
  const head = el('thead');
  const table = el('table', { class: 'plain wide' }, head, body);
  const empty = el('p', { class: 'empty', hidden: true });
  const more = el('button', { type: 'button', hidden: true, on: { click: () => load(true) } }, 'Show older');
  const node = el('section', { class: 'panel history' }, el('h1', { class: 'unseen' }, 'History'), el('div', { class: 'tools' }, el('div', { class: 'switch', role: 'group', 'aria-label': 'What is shown' }, ...tabs), kind, search),
    el('div', { class: 'scroll' }, table), empty, more);

  let timer = 0;
  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => load(), 200);
  }

  async function load(older = false) {
    const mine = ++number;
    asked = feed.at;
    tabs.forEach((tab, index) => mark(tab, 'aria-pressed', String((index === 0) === (shown === 'events'))));
    kind.hidden = shown !== 'events';
    const query = new URLSearchParams({ search: search.value, limit: String(PAGE) });
    if (shown === 'events') query.set('kind', kind.value);
    if (older && last !== null) query.set('before', String(last));
    try {
      const told = await ask(`/api/history/${shown}?${query}`);
      // A later question has been asked meanwhile.
      if (mine !== number) return;
      const list = told[shown];
      const rows = list.map(shown === 'events' ? eventRow : jobRow);
      if (older) body.append(...rows);
      else body.replaceChildren(...rows);
      head.replaceChildren(el('tr', {}, ...(shown === 'events' ? ['When', 'What', 'Who', 'How'] : ['When', 'State', 'Job', 'Strategy', ...NUMBERS]).map((text) => el('th', { class: NUMBERS.includes(text) ? 'number' : '' }, text))));
      node.classList.toggle('events', shown === 'events');
      last = list.length > 0 ? (shown === 'events' ? list.at(-1).number : list.at(-1).submitted_ms) : last;
      more.hidden = list.length < PAGE;
      empty.hidden = body.children.length > 0;
      table.hidden = body.children.length === 0;
      const filtered = search.value || (kind.value && shown === 'events');
      say(empty, filtered ? 'Nothing in the history fits.' : shown === 'events' ? 'Nothing has happened yet. Nodes that come and go, jobs, and rejections appear here by themselves.' : 'No job has been handed in yet. Each one stays here after it has ended, also when the server is started again.');
    } catch (error) {
      empty.hidden = false;
      table.hidden = true;
      more.hidden = true;
      say(empty, error.message);
    }
  }

  load();
  return {
    node,
    draw() {
      // Fresh while nobody has scrolled down or searched.
      if (feed.at - asked > 3_000 && scrollY < 50 && body.children.length <= PAGE && feed.state === 'live') load();
    },
    close: () => clearTimeout(timer),
  };
}

function eventRow(event) {
  const [word, tone] = WORDS[event.kind] ?? [event.kind, ''];
  const ofJob = event.kind.startsWith('job_') || event.kind === 'failed_over';
  return el('tr', {}, el('td', { class: 'when' }, moment(event.at_ms)), el('td', {}, el('span', { class: 'badge', data: { kind: tone } }, word)),
    el('td', { class: 'who' }, ofJob ? el('a', { href: jobAddress(event.subject) }, event.subject) : event.subject), el('td', { class: 'why' }, event.text));
}

function jobRow(job) {
  return el('tr', {}, el('td', { class: 'when' }, moment(job.submitted_ms)),
    el('td', {}, el('span', { class: 'badge', data: { kind: stateKind(job.state) } }, JOB_STATES[job.state] ?? job.state)),
    el('td', { class: 'who' }, el('a', { href: jobAddress(job.key) }, job.label || job.operation), el('small', {}, job.key)), el('td', { data: { label: 'Strategy' } }, job.strategy),
    ...[`${count(job.done)} of ${count(job.tasks)}`, seconds(job.elapsed_us / 1e6), count(job.rejected)].map((text, index) => el('td', { class: 'number', data: { label: NUMBERS[index] } }, text)));
}
