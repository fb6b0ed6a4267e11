// The head of a job's page: where it stands, its figures, and what can be done to it.

import { bar, el, mark, say, tell, toast } from './dom.js';
import { feed } from './feed.js';
import { JOB_STATES, count, moment, rate, seconds, span } from './format.js';
import { stateKind, timeLeft } from './jobs.js';

export class JobHead {
  constructor(address) {
    this.address = address;
    this.title = el('h1');
    this.badge = el('span', { class: 'badge' });
    this.about = el('p', { class: 'hint' });
    this.progress = bar('work big');
    this.words = el('strong');
    this.left = el('span');
    this.why = el('p', { class: 'trouble', hidden: true });
    this.facts = el('dl', { class: 'facts' });
    this.cancel = el('button', { type: 'button', on: { click: () => this.stop() } }, 'Cancel the job');
    this.hold = el('button', { type: 'button', hidden: true, on: { click: () => this.pause() } }, 'Pause');
    this.report = el('a', { class: 'button', target: '_blank', rel: 'noopener', hidden: true }, 'Report');
    const again = el('a', { class: 'button', href: '#/jobs/new' }, 'Another job');
    this.node = el('section', { class: 'panel job-head' },
      el('div', { class: 'head' }, this.title, this.badge, el('span', { class: 'space' }), this.hold, this.cancel, this.report, again), this.about,
      el('div', { class: 'head' }, this.words, this.left), this.progress, this.why, this.facts);
  }

  async stop() {
    this.cancel.disabled = true;
    try {
      await tell(`${this.address}/cancel`);
      toast('The job is being cancelled: what is done stays');
    } catch (error) {
      this.cancel.disabled = false;
      toast(error.message, 'bad');
    }
  }

  async pause() {
    const word = this.job.state === 'paused' ? 'resume' : 'pause';
    try {
      await tell(`${this.address}/${word}`);
      toast(word === 'pause' ? 'Paused: what is in flight goes on' : 'The job goes on');
    } catch (error) {
      toast(error.message, 'bad');
    }
  }

  /** Why the job ended as it did, where the server says so. */
  reason(text) {
    this.why.hidden = !text;
    say(this.why, text ?? '');
  }

  draw(job) {
    this.job = job;
    this.node.hidden = false;
    say(this.title, job.label || job.operation);
    say(this.badge, JOB_STATES[job.state] ?? job.state);
    for (const node of [this.badge, this.progress]) mark(node, 'data-kind', stateKind(job.state));
    say(this.about, `${job.label ? `${job.operation} · ` : ''}${job.strategy} (${job.admission}) · seed ${job.seed} · ${moment(job.submitted_ms)}`);
    const ended = job.done + job.failed;
    this.progress.fill(job.tasks > 0 ? ended / job.tasks : 0);
    say(this.words, `${count(job.done)} of ${count(job.tasks)} images done`);
    say(this.left, progressOf(job));
    this.cancel.hidden = this.hold.hidden = !isOpen(job);
    say(this.hold, job.state === 'paused' ? 'Resume' : 'Pause');
    const run = job.run_folder.split('/').at(-1);
    this.report.hidden = isOpen(job) || !run;
    mark(this.report, 'href', `/report?runs=${encodeURIComponent(run)}`);
    this.drawFacts(job);
  }

  drawFacts(job) {
    const list = [
      ['Attempts', count(job.attempts)], ['Rejected', count(job.rejected)], ['Delayed', count(job.delayed)], ['Lost', count(job.lost)],
      ['In flight', count(job.in_flight)], ['Failed', count(job.failed)], ['Key', job.key], ['Folder', job.folder ?? 'synthetic'],
      ['Server', feed.servers.find((server) => server.address === job.server)?.name ?? job.server ?? '–'], ['Submissions', count(job.epoch ?? null)],
    ];
    if (this.facts.children.length === 0) this.facts.append(...list.flatMap(([name]) => [el('dt', {}, name), el('dd')]));
    list.forEach(([, value], index) => say(this.facts.children[2 * index + 1], value));
  }
}

/** Whether the job is not known to have ended. */
export const isOpen = (job) => ['running', 'paused', 'unknown'].includes(job.state);

/** How long it will take or has taken. */
function progressOf(job) {
  if (job.state === 'paused') return job.in_flight > 0 ? `paused; ${count(job.in_flight)} in flight go on` : 'paused; nothing is in flight';
  if (isOpen(job)) {
    const remaining = timeLeft(job);
    return remaining === null ? 'under way' : `${span(Math.max(1_000, remaining))} left`;
  }
  const pace = job.elapsed_us > 0 ? job.done / (job.elapsed_us / 1e6) : 0;
  return `in ${seconds(job.elapsed_us / 1e6)}, ${rate(pace)} a second`;
}
