// One job: where it stands, what failed and why, its results before and after.

import { ask, bar, el, mark, say, tell, toast } from './dom.js';
import { feed } from './feed.js';
import { JOB_STATES, count, moment, percent, rate, seconds, span } from './format.js';
import { stateKind, timeLeft } from './jobs.js';
import { Viewer, placeholder } from './viewer.js';

const PAGE = 60;
// Pauses before a picture that did not come is asked for again, in milliseconds.
const RETRIES = [500, 1500, 4000];

export function jobPage(key) {
  const address = `/api/jobs/${encodeURIComponent(key)}`;
  const title = el('h1');
  const badge = el('span', { class: 'badge' });
  const about = el('p', { class: 'hint' });
  const progress = bar('work big');
  const words = el('strong');
  const left = el('span');
  const why = el('p', { class: 'trouble', hidden: true });
  const facts = el('dl', { class: 'facts' });
  const cancel = el('button', { type: 'button', on: { click: () => stop() } }, 'Cancel the job');
  const hold = el('button', { type: 'button', hidden: true, on: { click: async () => {
    const word = job.state === 'paused' ? 'resume' : 'pause';
    try {
      await tell(`${address}/${word}`);
      toast(word === 'pause' ? 'Paused: what is in flight goes on' : 'The job goes on');
    } catch (error) {
      toast(error.message, 'bad');
    }
  } } }, 'Pause');
  const again = el('a', { class: 'button', href: '#/jobs/new' }, 'Another job');
  const report = el('a', { class: 'button', target: '_blank', rel: 'noopener', hidden: true }, 'Report');
  const failures = el('section', { class: 'panel', hidden: true });
  const shares = el('section', { class: 'panel', hidden: true });
  const results = new Results(address);
  const whyMissing = el('p');
  const missing = el('div', { class: 'empty', hidden: true }, whyMissing, el('p', { class: 'hint' }, el('a', { href: '#/history/jobs' }, 'Past jobs'), ' are in the history.'));
  const head = el('section', { class: 'panel job-head' },
    el('div', { class: 'head' }, title, badge, el('span', { class: 'space' }), hold, cancel, report, again), about,
    el('div', { class: 'head' }, words, left), progress, why, facts);
  const node = el('div', { class: 'job' }, head, missing, results.node, failures, shares);
  let job = feed.jobs.find((each) => each.key === key) ?? null;
  let seen = '';
  let loading = false;
  let closed = false;
  let loaded = 0;

  async function stop() {
    cancel.disabled = true;
    try {
      await tell(`${address}/cancel`);
      toast('The job is being cancelled: what is done stays');
    } catch (error) {
      cancel.disabled = false;
      toast(error.message, 'bad');
    }
  }

  async function load() {
    if (loading || closed) return;
    loading = true;
    loaded = performance.now();
    try {
      const told = await ask(address);
      job = told.job;
      missing.hidden = true;
      if (told.report) {
        drawFailures(failures, told.report.failures, job.failed);
        results.failures = new Map(told.report.failures.map(({ name, why: reason }) => [name, reason]));
        drawShares(shares, told.report.nodes);
        why.hidden = !told.report.why;
        say(why, told.report.why ?? '');
      }
      await results.load(job);
    } catch (error) {
      if (!job) {
        missing.hidden = false;
        say(whyMissing, error.message);
        head.hidden = true;
      }
    } finally {
      loading = false;
    }
    drawHead();
  }

  function drawHead() {
    if (!job) return;
    head.hidden = false;
    say(title, job.label || job.operation);
    say(badge, JOB_STATES[job.state] ?? job.state);
    mark(badge, 'data-kind', stateKind(job.state));
    mark(progress, 'data-kind', stateKind(job.state));
    mark(node, 'data-state', job.state);
    say(about, `${job.label ? `${job.operation} · ` : ''}${job.strategy} (${job.admission}) · seed ${job.seed} · ${moment(job.submitted_ms)}`);
    const ended = job.done + job.failed;
    progress.fill(job.tasks > 0 ? ended / job.tasks : 0);
    say(words, `${count(job.done)} of ${count(job.tasks)} images done`);
    const remaining = timeLeft(job);
    const running = job.state === 'running' || job.state === 'paused';
    const pace = job.elapsed_us > 0 ? job.done / (job.elapsed_us / 1e6) : 0;
    if (job.state === 'paused') say(left, job.in_flight > 0 ? `paused; ${count(job.in_flight)} in flight go on` : 'paused; nothing is in flight');
    else say(left, running ? (remaining === null ? 'under way' : `${span(Math.max(1_000, remaining))} left`) : `in ${seconds(job.elapsed_us / 1e6)}, ${rate(pace)} a second`);
    cancel.hidden = hold.hidden = !running && job.state !== 'paused';
    say(hold, job.state === 'paused' ? 'Resume' : 'Pause');
    const run = job.run_folder.split('/').at(-1);
    report.hidden = running || !run;
    mark(report, 'href', `/report?runs=${encodeURIComponent(run)}`);
    const list = [
      ['Attempts', count(job.attempts)], ['Rejected', count(job.rejected)], ['Delayed', count(job.delayed)], ['Lost', count(job.lost)],
      ['In flight', count(job.in_flight)], ['Failed', count(job.failed)], ['Key', job.key], ['Folder', job.folder ?? 'synthetic'],
      ['Server', feed.servers.find((server) => server.address === job.server)?.name ?? job.server ?? '–'], ['Submissions', count(job.epoch ?? null)],
    ];
    if (facts.children.length === 0) facts.append(...list.flatMap(([name]) => [el('dt', {}, name), el('dd')]));
    list.forEach(([, value], index) => say(facts.children[2 * index + 1], value));
  }

  load();
  return {
    node,
    draw() {
      const live = feed.jobs.find((each) => each.key === key);
      if (live) job = live;
      drawHead();
      const now = live ? `${live.state} ${live.done} ${live.failed}` : '';
      // What changed is fetched again, at most once a second, and at once when the job ends.
      const due = performance.now() - loaded > 1_000 || (live && live.state !== 'running' && !seen.startsWith(live.state));
      if (live && now !== seen && due) {
        seen = now;
        load();
      } else if (!live && ['running', 'paused'].includes(job?.state) && feed.state === 'live' && performance.now() - loaded > 2_000) {
        // No server lists it any more: the history may know what became of it.
        load();
      }
    },
    close() {
      closed = true;
      results.close();
    },
  };
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

/** Thumbnails, and the way into each. */
class Results {
  constructor(address) {
    this.address = address;
    this.images = [];
    /** Why an image has no result, by its name. */
    this.failures = new Map();
    this.total = 0;
    this.wanted = PAGE;
    this.tally = el('small');
    this.all = el('a', { class: 'button', hidden: true, href: `${address}/results.zip`, download: true }, 'Download all (zip)');
    this.grid = el('ul', { class: 'thumbs' });
    this.more = el('button', { type: 'button', hidden: true, on: { click: () => {
      this.wanted += PAGE * 2;
      this.load(this.job);
    } } }, 'Show more');
    this.node = el('section', { class: 'panel', hidden: true }, el('div', { class: 'head' }, el('h2', {}, 'Results ', this.tally), el('span', { class: 'space' }), this.all), this.grid, this.more);
    this.viewer = new Viewer(this);
    this.node.append(this.viewer.node);
  }

  close() {
    if (this.viewer.node.open) this.viewer.node.close();
  }

  url(side, name, query = '') {
    return `${this.address}/${side}/${name.split('/').map(encodeURIComponent).join('/')}${query}`;
  }

  async load(job) {
    this.job = job;
    if (!job.folder) return;
    let told;
    try {
      told = await ask(`${this.address}/images?limit=${this.wanted}`);
    } catch (error) {
      this.node.hidden = false;
      say(this.tally, error.message);
      return;
    }
    this.images = told.images;
    this.total = told.total;
    this.node.hidden = false;
    // What an earlier job left in the folder is not this one's while it runs.
    const done = Math.min(told.done, ['running', 'paused'].includes(job.state) ? job.done : told.done);
    say(this.tally, `${count(done)} of ${count(told.total)}`);
    this.all.hidden = told.done === 0;
    this.more.hidden = told.images.length >= told.total;
    this.images.forEach((image, index) => {
      const known = this.grid.children[index];
      const failed = this.failures.has(image.name) && image.result_bytes === null;
      const version = failed ? 'failed' : String(image.result_bytes);
      if (known?.dataset.version === version && known.dataset.name === image.name) return;
      const thumb = this.thumb(image, index, version);
      if (known) known.replaceWith(thumb);
      else this.grid.append(thumb);
    });
  }

  thumb(image, index, version) {
    const ready = image.result_bytes !== null;
    const state = ready ? 'ready' : version === 'failed' ? 'failed' : 'waiting';
    const why = this.failures.get(image.name);
    const words = { ready: '', failed: 'failed', waiting: 'waiting' }[state];
    const box = el('span', { class: 'frame' });
    const source = this.url(ready ? 'after' : 'before', image.name, `?width=320&v=${version}`);
    const retries = [...RETRIES];
    const picture = el('img', { loading: 'lazy', decoding: 'async', alt: '', width: '160', height: '120', src: source, on: {
      error: () => {
        const pause = retries.shift();
        // A connection may break and a server be busy; what is no image is none the next time either.
        if (pause !== undefined) {
          setTimeout(() => { if (picture.isConnected) picture.src = `${source}&again=${retries.length}`; }, pause);
          return;
        }
        node.classList.add('broken');
        box.replaceChildren(placeholder(state === 'failed' ? 'No picture' : 'Cannot be shown'));
      },
    } });
    box.append(picture);
    const node = el('li', { class: state, data: { version, name: image.name } },
      el('button', { type: 'button', title: why ? `${image.name}: ${why}` : image.name, on: { click: () => this.viewer.open(index) } }, box,
        el('span', { class: 'caption' }, el('span', {}, image.name), words && el('em', {}, words))));
    return node;
  }
}
