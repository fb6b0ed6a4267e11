// The page: which part is shown, and what is the same on all of them.

import { clusterPage } from './cluster.js';
import { feed, listen, start } from './feed.js';
import { historyPage } from './history.js';
import { jobPage } from './job.js';
import { jobsPage } from './jobs.js';
import { runsPage } from './runs.js';
import { mark, say } from './dom.js';

const main = document.getElementById('main');
const banner = document.getElementById('banner');
const pulse = document.getElementById('pulse');
const PAGES = ['cluster', 'jobs', 'history', 'runs'];

/** The page at work: its element, and what is called when it must draw or go. */
let page = null;
let address = null;

/** What an address says; as it stands there if somebody typed what cannot be decoded. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function open() {
  const parts = location.hash.replace(/^#\/?/, '').split('/').map(decoded);
  const name = PAGES.includes(parts[0]) ? parts[0] : 'cluster';
  const next = [name, ...parts.slice(1)].join('/');
  if (next === address) return;
  address = next;
  page?.close?.();
  if (name === 'jobs' && parts[1] && parts[1] !== 'new') page = jobPage(parts[1]);
  else page = { cluster: clusterPage, jobs: jobsPage, history: historyPage, runs: runsPage }[name](parts[1]);
  main.replaceChildren(page.node);
  for (const tab of document.querySelectorAll('.tabs a')) {
    if (tab.dataset.page === name) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  draw();
  scrollTo(0, 0);
}

let waiting = false;

/** Draws once before the next frame of the screen, however often it is asked to. */
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function draw() {
  frame();
  page?.draw?.();
}

function frame() {
  const leader = feed.servers.find((server) => server.leads);
  const state = feed.state === 'live' && !leader ? 'lost' : feed.state;
  mark(pulse, 'data-state', state);
  mark(document.body, 'data-feed', state);
  const words = { loading: 'connecting', live: leader?.name ?? '', broken: 'no connection', lost: 'no server' };
  say(pulse.lastElementChild, words[state]);
  const running = feed.jobs.filter((job) => job.state === 'running').length;
  document.title = `${running > 0 ? `(${running}) ` : ''}${state === 'live' ? '' : '⚠ '}Ballast`;
  const trouble = {
    broken: 'The console does not answer. The figures below are the last ones; the page goes on by itself when the server is back.',
    lost: `No server answers${feed.servers.length > 1 ? `, none of ${feed.servers.length}` : ''}: ${feed.servers[0]?.why ?? 'it may be stopped'}. The figures below are the last ones.`,
  }[state];
  banner.hidden = !trouble;
  if (trouble) say(banner, trouble);
}

const THEMES = ['auto', 'light', 'dark'];

function theme(wanted) {
  const set = THEMES.includes(wanted) ? wanted : 'auto';
  document.documentElement.dataset.theme = set;
  const button = document.getElementById('theme');
  button.dataset.set = set;
  say(button.lastElementChild, { auto: 'Auto', light: 'Light', dark: 'Dark' }[set]);
  mark(button, 'aria-label', `Colours: ${{ auto: 'as the system', light: 'light', dark: 'dark' }[set]}. Change them.`);
  try {
    localStorage.setItem('theme', set);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function nextTheme() {
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
}

let remembered = 'auto';
try {
  remembered = localStorage.getItem('theme') ?? 'auto';
} catch {
  // As above.
}
theme(remembered);
document.getElementById('theme').addEventListener('click', nextTheme);
const keys = document.getElementById('keys');
document.getElementById('help').addEventListener('click', () => keys.showModal());

addEventListener('keydown', (event) => {
  const typing = event.target.closest('input:not([type=checkbox]), select, textarea, [contenteditable]');
  if (typing && event.key === 'Escape') typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const place = ['1', '2', '3', '4'].indexOf(event.key);
  if (place >= 0) location.hash = `#/${PAGES[place]}`;
  else if (event.key === 'n') location.hash = '#/jobs/new';
  else if (event.key === 't') nextTheme();
  else if (event.key === '?') keys.showModal();
  else if (event.key === 'Escape') {
    // What a key opened, the same hand closes.
    const last = document.querySelector('.toast:last-child button');
    if (last) last.click();
    else document.activeElement?.blur();
  } else if (event.key === '/') {
    const search = document.querySelector('main input[type=search]');
    if (!search) return;
    search.focus();
  } else return;
  event.preventDefault();
});

// An image that falls beside the place for it must not replace the page.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());
addEventListener('hashchange', open);
listen(soon);
start();
open();
