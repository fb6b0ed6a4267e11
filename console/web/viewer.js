// One image closer: before and after under one slider, or what stands in its place.

import { el, mark, say, svg } from './dom.js';
import { bytes } from './format.js';

/** What stands where a picture cannot: a frame with a line through it, and why. */
export function placeholder(text) {
  const drawing = svg('svg', { viewBox: '0 0 48 40', width: 48, height: 40, 'aria-hidden': 'true' },
    svg('path', { d: 'M6 5h36a3 3 0 0 1 3 3v24a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3Z' }),
    svg('path', { d: 'M4 31l12-12 9 9 6-6 13 12M32 12.5a2.5 2.5 0 1 0 .1 0M2 39L46 1' }));
  return el('span', { class: 'placeholder' }, drawing, el('span', {}, text));
}

/** A dialog around one image of a job's results. */
export class Viewer {
  constructor(results) {
    this.results = results;
    this.title = el('h2');
    this.size = el('small');
    this.before = el('img', { alt: 'before', draggable: 'false', on: { load: () => this.fit(), error: () => this.missing(this.before, 'The original cannot be shown') } });
    this.after = el('img', { alt: 'after', class: 'after', draggable: 'false', on: { load: () => this.fit(), error: () => this.missing(this.after, 'The result cannot be shown') } });
    this.range = el('input', { type: 'range', min: '0', max: '100', value: '50', step: '1', 'aria-label': 'How much of the result is shown, in percent', on: { input: () => this.cut(Number(this.range.value)) } });
    this.gap = el('div', { class: 'gap', hidden: true });
    this.stage = el('div', { class: 'stage' }, this.before, this.after, this.gap, el('i', { class: 'edge' }), el('span', { class: 'side left' }, 'after'), el('span', { class: 'side right' }, 'before'), this.range);
    this.one = el('a', { class: 'button', download: true }, 'Download');
    this.note = el('p', { class: 'hint' });
    this.node = el('dialog', { class: 'viewer', 'aria-label': 'Image', on: { keydown: (event) => this.key(event), click: (event) => event.target === this.node && this.node.close() } },
      el('div', { class: 'sheet-head' }, el('div', { class: 'name' }, this.title, this.size), el('span', { class: 'space' }),
        el('button', { class: 'quiet', type: 'button', 'aria-label': 'The image before', title: 'The image before (Shift ←)', on: { click: () => this.step(-1) } }, '‹'),
        el('button', { class: 'quiet', type: 'button', 'aria-label': 'The next image', title: 'The next image (Shift →)', on: { click: () => this.step(1) } }, '›'),
        this.one, el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close', title: 'Close (Esc)', on: { click: () => this.node.close() } }, '✕')), this.stage, this.note);
  }

  open(index) {
    this.index = index;
    const image = this.results.images[index];
    const ready = image.result_bytes !== null;
    const why = this.results.failures.get(image.name);
    say(this.title, image.name);
    say(this.size, `${ready ? bytes(image.result_bytes) : why ? 'failed' : 'no result yet'} · ${index + 1} of ${this.results.images.length}`);
    this.gap.hidden = true;
    this.stage.classList.toggle('single', !ready);
    this.before.hidden = false;
    this.after.hidden = !ready;
    this.before.src = this.results.url('before', image.name, '?width=1600');
    if (ready) this.after.src = this.results.url('after', image.name, `?width=1600&v=${image.result_bytes}`);
    else this.after.removeAttribute('src');
    this.one.hidden = !ready;
    mark(this.one, 'href', this.results.url('after', image.name, '?download=1'));
    mark(this.note, 'class', why && !ready ? 'trouble' : 'hint');
    say(this.note, ready ? 'Drag, or use the arrow keys: left of the line the result, right of it the original.' : why ?? 'Only the original is there; the result is not yet.');
    this.range.value = '50';
    this.cut(50);
    if (!this.node.open) this.node.showModal();
    if (ready) this.range.focus();
  }

  /** Gives the stage the shape of the picture, as large as the window allows. */
  fit() {
    const shown = [this.before, this.after].find((picture) => !picture.hidden && picture.naturalWidth > 0);
    if (shown) this.stage.style.setProperty('--ratio', (shown.naturalWidth / shown.naturalHeight).toFixed(4));
  }

  missing(picture, text) {
    if (!picture.hasAttribute('src')) return;
    picture.hidden = true;
    this.stage.classList.add('single');
    const other = picture === this.before ? this.after : this.before;
    // The note tells why; the other side, if there is one, is shown alone.
    if (other.hidden) {
      this.stage.style.removeProperty('--ratio');
      this.gap.hidden = false;
      this.gap.replaceChildren(placeholder(text));
    } else if (picture === this.before) {
      this.cut(100);
      say(this.note, `${text}; this is the result.`);
    } else {
      say(this.note, `${text}; this is the original.`);
    }
  }

  cut(percent) {
    this.stage.style.setProperty('--cut', `${percent}%`);
  }

  step(by) {
    const images = this.results.images.length;
    this.open((this.index + by + images) % images);
  }

  key(event) {
    if (!event.shiftKey || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    event.preventDefault();
    this.step(event.key === 'ArrowLeft' ? -1 : 1);
  }
}
