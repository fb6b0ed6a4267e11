// The form for a new job: images or a folder, operations with their parameters, a strategy.

import { ask, bar, el, say, tell, toast } from './dom.js';
import { dropped } from './drop.js';
import { feed } from './feed.js';
import { bytes, count, span } from './format.js';
import { jobAddress } from './jobs.js';

const AT_ONCE = 4;
const SHOWN_FILES = 100;
const ENDINGS = /\.(png|jpe?g|bmp|gif|webp|tiff?)$/i;
const PREFERRED = ['ballast', 'load_balancing', 'random'];

let options = null;

export function submitForm() {
  const files = new Files();
  const folder = el('input', { type: 'text', name: 'folder', placeholder: 'data', autocomplete: 'off', spellcheck: 'false', 'aria-label': 'Folder' });
  const root = el('small', { class: 'hint' });
  const byUpload = el('div', { class: 'source' }, files.node);
  const byFolder = el('div', { class: 'source', hidden: true }, el('label', { class: 'field' }, el('span', {}, 'Folder on the server, with an input_dir in it'), folder), root,
    el('label', { class: 'check' }, el('input', { type: 'checkbox', name: 'recursive' }), 'also images in folders below'));
  const choose = (upload) => {
    byUpload.hidden = !upload;
    byFolder.hidden = upload;
    tabs.forEach((tab, index) => tab.setAttribute('aria-pressed', String((index === 0) === upload)));
  };
  const tabs = ['Images from here', 'A folder there'].map((text, index) =>
    el('button', { type: 'button', on: { click: () => choose(index === 0) } }, text));
  const chain = new Chain();
  const strategy = strategyField();
  const admission = select('admission', [['', 'as the strategy says'], ['may-reject', 'nodes may reject'], ['must-accept', 'nodes must accept']]);
  const transfer = select('transfer', [['', 'as fits'], ['shared', 'nodes read the folder'], ['inline', 'in the messages']]);
  const seed = el('input', { type: 'text', name: 'seed', inputmode: 'numeric', placeholder: 'drawn', pattern: '[0-9]*' });
  const label = el('input', { type: 'text', name: 'label', maxlength: '60', placeholder: 'none' });
  const button = el('button', { class: 'main', type: 'submit' }, 'Start the job');
  const stop = el('button', { class: 'quiet', type: 'button', hidden: true, on: { click: () => files.abort() } }, 'Stop');
  const trouble = el('p', { class: 'trouble', role: 'alert', hidden: true });
  const node = el('form', { class: 'panel submit', novalidate: true },
    el('h2', {}, 'New job'), el('div', { class: 'switch', role: 'group', 'aria-label': 'Where the images are' }, ...tabs), byUpload, byFolder,
    el('h3', {}, 'Operation'), chain.node, el('h3', {}, 'Strategy'), strategy.node,
    el('details', {}, el('summary', {}, 'More'), el('div', { class: 'pairs' }, field('Admission', admission), field('Images travel', transfer), field('Seed', seed), field('Label', label))),
    trouble, el('div', { class: 'actions' }, button, stop));
  choose(true);

  const fault = (text) => {
    trouble.hidden = !text;
    say(trouble, text ?? '');
  };
  const busy = (is) => {
    button.disabled = is;
    stop.hidden = !is || byUpload.hidden;
    say(button, is ? 'Working …' : 'Start the job');
  };
  node.addEventListener('submit', async (event) => {
    event.preventDefault();
    fault(null);
    busy(true);
    try {
      const wanted = {
        strategy: strategy.text(), operation: chain.text(), admission: admission.value || null, transfer: transfer.value || null,
        seed: seed.value || null, label: label.value || null,
      };
      if (byUpload.hidden) Object.assign(wanted, { folder: folder.value.trim(), recursive: node.elements.recursive.checked });
      else wanted.upload = await files.send(options?.limits);
      if (byUpload.hidden && wanted.folder === '') throw new Error('Name the folder that holds input_dir.');
      const receipt = await tell('/api/jobs', wanted);
      if (!byUpload.hidden) files.clear();
      toast(`${count(receipt.tasks)} ${receipt.tasks === 1 ? 'image' : 'images'} handed in`);
      location.hash = jobAddress(receipt.key);
    } catch (error) {
      fault(error.message);
    } finally {
      busy(false);
    }
  });

  let filling = 0;
  const fill = async () => {
    filling = feed.at || 1;
    try {
      options = await ask('/api/options');
      fault(null);
      strategy.usual(options.default_strategy);
      chain.fill(options.operations);
      say(root, `Relative to ${options.data_root}, or absolute inside it.`);
    } catch (error) {
      fault(error.message);
    }
  };
  fill();
  return {
    node,
    focus: () => files.input.focus(),
    close: () => files.abort(),
    draw() {
      // It could not be asked for before: the server is back.
      if (!options && feed.state === 'live' && feed.at - filling > 2_000) fill();
      strategy.draw();
    },
  };
}

/** A strategy as text, with suggestions; empty is the default, which can be changed here. */
function strategyField() {
  const list = el('datalist', { id: 'strategies' });
  const input = el('input', { type: 'text', name: 'strategy', list: 'strategies', autocomplete: 'off', spellcheck: 'false', maxlength: '500', 'aria-label': 'Strategy' });
  const help = el('small', { class: 'hint' });
  const keep = el('button', { class: 'start', type: 'button', hidden: true }, 'Make it the default');
  let chosen = null;
  const show = () => {
    const text = input.value.trim();
    input.placeholder = chosen ?? '';
    keep.hidden = text === '' || text === chosen;
    say(help, text === '' ? `Who gets the next image.${chosen ? ` Empty: ${chosen}, the default.` : ''}` : 'A name, or one with parameters: power_of_two[choices=3].');
  };
  const usual = (text) => {
    chosen = text;
    show();
  };
  input.addEventListener('input', show);
  keep.addEventListener('click', async () => {
    try {
      usual((await tell('/api/default-strategy', { strategy: input.value.trim() })).default_strategy);
      toast(`New jobs are by ${chosen} unless they say otherwise`);
    } catch (error) {
      toast(error.message, 'bad');
    }
  });
  let listed = '';
  show();
  return {
    node: el('div', { class: 'field' }, input, list, help, keep),
    text: () => input.value.trim() || null,
    usual,
    draw() {
      const names = feed.strategies.join(' ');
      if (names === listed) return;
      listed = names;
      const first = PREFERRED.filter((name) => feed.strategies.includes(name));
      const others = feed.strategies.filter((name) => !first.includes(name));
      list.replaceChildren(...[...first, ...others].map((name) => el('option', { value: name })));
      // Before the first frame nobody knew a default.
      if (chosen === null && options) ask('/api/options').then((told) => usual(told.default_strategy), () => {});
    },
  };
}

function field(name, input) {
  return el('label', { class: 'field' }, el('span', {}, name), input);
}

function select(name, choices) {
  return el('select', { name }, ...choices.map(([value, text]) => el('option', { value }, text)));
}

/** Images that are chosen, and their way to the server. */
class Files {
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

/** A chain of operations, each with its parameters. */
class Chain {
  constructor() {
    this.steps = el('ol', { class: 'chain' });
    this.more = el('button', { class: 'quiet', type: 'button', on: { click: () => this.add() } }, '+ another one after it');
    this.preview = el('code', { class: 'preview' });
    this.node = el('div', {}, this.steps, el('div', { class: 'tally' }, this.preview, this.more));
    this.node.addEventListener('input', () => say(this.preview, this.text()));
  }

  fill(operations) {
    this.operations = operations;
    if (this.steps.children.length === 0) this.add();
  }

  add() {
    if (!this.operations) return;
    const choice = el('select', { 'aria-label': 'Operation' }, ...this.operations.map((operation) => el('option', { value: operation.name }, operation.name)));
    const help = el('small', { class: 'hint' });
    const parameters = el('div', { class: 'pairs' });
    const remove = el('button', { class: 'quiet', type: 'button', 'aria-label': 'Leave out', on: { click: () => {
      step.remove();
      say(this.preview, this.text());
    } } }, '✕');
    const step = el('li', {}, el('div', { class: 'head' }, choice, this.steps.children.length > 0 ? remove : null), help, parameters);
    const show = () => {
      const operation = this.operations.find((each) => each.name === choice.value);
      say(help, operation.help);
      parameters.replaceChildren(...operation.parameters.map((parameter) => this.parameter(parameter)));
    };
    choice.addEventListener('change', () => {
      show();
      say(this.preview, this.text());
    });
    step.text = () => {
      const changed = [...parameters.querySelectorAll('[data-name]')].filter((input) => input.value !== '' && input.value !== input.dataset.usual);
      const words = changed.map((input) => `${input.dataset.name}=${input.value}`);
      return words.length > 0 ? `${choice.value}[${words.join(',')}]` : choice.value;
    };
    this.steps.append(step);
    show();
    say(this.preview, this.text());
  }

  parameter({ name, kind, low, high, words, help, default: usual }) {
    const data = { name, usual: String(usual) };
    const input = kind === 'word'
      ? el('select', { data }, ...words.map((word) => el('option', { value: word }, word)))
      : el('input', { type: 'number', data, min: String(low), max: String(high), step: { integer: '1', odd: '2', real: 'any' }[kind], value: String(usual) });
    return el('label', { class: 'field', title: help }, el('span', {}, name), input);
  }

  text() {
    return [...this.steps.children].map((step) => step.text()).join(' | ') || 'edges';
  }
}
