// Images that are chosen for a job, and their way to the server.

import { bar, el, say, tell, toast } from './dom.js';
import { dropped } from './drop.js';
import { bytes, count, span } from './format.js';

const AT_ONCE = 4;
const SHOWN_FILES = 100;
const ENDINGS = /\.(png|jpe?g|bmp|gif|webp|tiff?)$/i;

export class Files {
  constructor() {
    this.files = [];
    this.requests = new Set();
    this.input = el('input', { type: 'file', id: 'files', multiple: true, accept: 'image/png,image/jpeg,image/bmp,image/gif,image/webp,image/tiff,.png,.jpg,.jpeg,.bmp,.gif,.webp,.tif,.tiff', on: { change: () => {
      this.add([...this.input.files]);
      this.input.value = '';
    } } });
    this.list = el('ul', { class: 'files' });
    this.tally = el('span');
    this.progress = bar('work');
    this.summary = el('div', { class: 'tally', hidden: true }, this.tally, el('button', { class: 'quiet', type: 'button', on: { click: () => this.clear() } }, 'Clear'));
    this.progress.hidden = true;
    this.drop = el('label', { class: 'drop', for: 'files' }, this.input, el('b', {}, 'Drop images or a folder here'), el('span', {}, 'or click to choose: PNG, JPEG, BMP, GIF, WebP, TIFF'));
    this.node = el('div', {}, this.drop, this.summary, this.progress, this.list);
    for (const kind of ['dragenter', 'dragover']) this.drop.addEventListener(kind, (event) => this.over(event, true));
    for (const kind of ['dragleave', 'drop']) this.drop.addEventListener(kind, (event) => this.over(event, false));
    this.drop.addEventListener('drop', (event) => dropped(event.dataTransfer).then((files) => this.add(files), (error) => toast(`The folder cannot be read: ${error.message}`, 'bad')));
  }

  over(event, is) {
    event.preventDefault();
    this.drop.classList.toggle('over', is);
  }

  /** Takes what looks like an image, and says what it leaves out: one note among photographs must not spoil the upload. */
  add(files) {
    const fits = (file) => file.size > 0 && (file.type.startsWith('image/') || ENDINGS.test(file.name));
    const left = files.filter((file) => !fits(file));
    this.files.push(...files.filter(fits));
    if (left.length > 0) toast(`Left out: ${left.slice(0, 3).map((file) => file.name).join(', ')}${left.length > 3 ? ` and ${count(left.length - 3)} more` : ''}. ${left.length === 1 ? 'It is' : 'They are'} empty or no image.`, 'bad');
    this.draw();
  }

  clear() {
    this.files = [];
    this.progress.hidden = true;
    this.draw();
  }

  draw() {
    const total = this.files.reduce((sum, file) => sum + file.size, 0);
    this.summary.hidden = this.files.length === 0;
    say(this.tally, `${count(this.files.length)} ${this.files.length === 1 ? 'image' : 'images'}, ${bytes(total)}`);
    const shown = this.files.slice(0, SHOWN_FILES);
    const rows = shown.map((file, index) => el('li', {}, el('span', {}, file.name), el('small', {}, bytes(file.size)),
      el('button', { class: 'quiet', type: 'button', 'aria-label': `Leave out ${file.name}`, on: { click: () => {
        this.files.splice(index, 1);
        this.draw();
      } } }, '✕')));
    if (this.files.length > shown.length) rows.push(el('li', { class: 'hint' }, `and ${count(this.files.length - shown.length)} more`));
    this.list.replaceChildren(...rows);
  }

  abort() {
    this.stopped = true;
    for (const request of this.requests) request.abort();
  }

  /** Sends everything; answers the name of the upload. */
  async send(limits) {
    if (this.files.length === 0) throw new Error('Choose some images first.');
    const large = limits && this.files.find((file) => file.size > limits.file_bytes);
    if (large) throw new Error(`${large.name} has ${bytes(large.size)}; an image may have ${bytes(limits.file_bytes)}.`);
    if (limits && this.files.length > limits.files) throw new Error(`An upload takes ${count(limits.files)} images.`);
    this.stopped = false;
    const { upload } = await tell('/api/uploads');
    const total = this.files.reduce((sum, file) => sum + file.size, 0);
    const sent = new Map();
    const begun = performance.now();
    this.progress.hidden = false;
    const show = () => {
      const now = [...sent.values()].reduce((sum, each) => sum + each, 0);
      this.progress.fill(now / total);
      const spent = performance.now() - begun;
      const left = now > 0 && spent > 1_500 ? `, ${span((spent / now) * (total - now))} left` : '';
      say(this.tally, `${bytes(now)} of ${bytes(total)}${left}`);
    };
    const queue = this.files.map((file, index) => [index, file]);
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, file] = next;
        await this.put(upload, file, (part) => {
          sent.set(index, part);
          show();
        });
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } catch (error) {
      this.abort();
      tell(`/api/uploads/${upload}`, {}, 'DELETE').catch(() => {});
      this.progress.hidden = true;
      this.draw();
      throw error;
    }
    return upload;
  }

  put(upload, file, progress) {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      this.requests.add(request);
      request.open('PUT', `/api/uploads/${upload}/${encodeURIComponent(file.name)}`);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onloadend = () => this.requests.delete(request);
      request.onload = () => {
        if (request.status === 200) {
          progress(file.size);
          return done();
        }
        let why = `The server answered ${request.status}.`;
        try {
          why = JSON.parse(request.responseText).error ?? why;
        } catch {
          // No sentence came along.
        }
        failed(new Error(why));
      };
      request.onerror = () => failed(new Error(`${file.name} did not arrive. Is the server still running?`));
      request.onabort = () => failed(new Error('Stopped. Nothing was handed in.'));
      if (this.stopped) failed(new Error('Stopped. Nothing was handed in.'));
      else request.send(file);
    });
  }
}
