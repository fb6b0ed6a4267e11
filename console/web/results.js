// The images of a job: thumbnails, and the way into each.

import { ask, el, say } from './dom.js';
import { count } from './format.js';
import { isOpen } from './head.js';
import { Viewer, placeholder } from './viewer.js';

const PAGE = 60;
// Pauses before a picture that did not come is asked for again, in milliseconds.
const RETRIES = [500, 1500, 4000];

export class Results {
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
    const done = Math.min(told.done, isOpen(job) ? job.done : told.done);
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
