// The form for a new job: images or a folder, operations with their parameters, a strategy.

import { Chain } from './chain.js';
import { ask, el, say, tell, toast } from './dom.js';
import { feed } from './feed.js';
import { Files } from './files.js';
import { count } from './format.js';
import { jobAddress } from './jobs.js';

const PREFERRED = ['ballast', 'load_balancing', 'random'];

let options = null;

export function submitForm() {
  const form = new SubmitForm();
  return { node: form.node, focus: () => form.files.input.focus(), close: () => form.files.abort(), draw: () => form.draw() };
}

class SubmitForm {
  constructor() {
    this.files = new Files();
    this.chain = new Chain();
    this.strategy = strategyField();
    this.source = sourceField(this.files);
    this.details = detailFields();
    this.button = el('button', { class: 'main', type: 'submit' }, 'Start the job');
    this.stop = el('button', { class: 'quiet', type: 'button', hidden: true, on: { click: () => this.files.abort() } }, 'Stop');
    this.trouble = el('p', { class: 'trouble', role: 'alert', hidden: true });
    this.node = el('form', { class: 'panel submit', novalidate: true, on: { submit: (event) => this.submit(event) } },
      el('h2', {}, 'New job'), ...this.source.nodes,
      el('h3', {}, 'Operation'), this.chain.node, el('h3', {}, 'Strategy'), this.strategy.node, this.details.node,
      this.trouble, el('div', { class: 'actions' }, this.button, this.stop));
    this.filling = 0;
    this.fill();
  }

  fault(text) {
    this.trouble.hidden = !text;
    say(this.trouble, text ?? '');
  }

  busy(is) {
    this.button.disabled = is;
    this.stop.hidden = !is || !this.source.uploads();
    say(this.button, is ? 'Working …' : 'Start the job');
  }

  async submit(event) {
    event.preventDefault();
    this.fault(null);
    this.busy(true);
    try {
      const wanted = { strategy: this.strategy.text(), operation: this.chain.text(), ...this.details.values() };
      const uploads = this.source.uploads();
      if (uploads) wanted.upload = await this.files.send(options?.limits);
      else Object.assign(wanted, this.source.folder());
      const receipt = await tell('/api/jobs', wanted);
      if (uploads) this.files.clear();
      toast(`${count(receipt.tasks)} ${receipt.tasks === 1 ? 'image' : 'images'} handed in`);
      location.hash = jobAddress(receipt.key);
    } catch (error) {
      this.fault(error.message);
    } finally {
      this.busy(false);
    }
  }

  async fill() {
    this.filling = feed.at || 1;
    try {
      options = await ask('/api/options');
      this.fault(null);
      this.strategy.usual(options.default_strategy);
      this.chain.fill(options.operations);
      this.source.root(options.data_root);
    } catch (error) {
      this.fault(error.message);
    }
  }

  draw() {
    // It could not be asked for before: the server is back.
    if (!options && feed.state === 'live' && feed.at - this.filling > 2_000) this.fill();
    this.strategy.draw();
  }
}

/** Where the images are: here, to be uploaded, or in a folder there. */
function sourceField(files) {
  const folder = el('input', { type: 'text', name: 'folder', placeholder: 'data', autocomplete: 'off', spellcheck: 'false', 'aria-label': 'Folder' });
  const recursive = el('input', { type: 'checkbox', name: 'recursive' });
  const root = el('small', { class: 'hint' });
  const byUpload = el('div', { class: 'source' }, files.node);
  const byFolder = el('div', { class: 'source', hidden: true }, el('label', { class: 'field' }, el('span', {}, 'Folder on the server, with an input_dir in it'), folder), root,
    el('label', { class: 'check' }, recursive, 'also images in folders below'));
  const choose = (upload) => {
    byUpload.hidden = !upload;
    byFolder.hidden = upload;
    tabs.forEach((tab, index) => tab.setAttribute('aria-pressed', String((index === 0) === upload)));
  };
  const tabs = ['Images from here', 'A folder there'].map((text, index) =>
    el('button', { type: 'button', on: { click: () => choose(index === 0) } }, text));
  choose(true);
  return {
    nodes: [el('div', { class: 'switch', role: 'group', 'aria-label': 'Where the images are' }, ...tabs), byUpload, byFolder],
    uploads: () => !byUpload.hidden,
    folder() {
      const named = folder.value.trim();
      if (named === '') throw new Error('Name the folder that holds input_dir.');
      return { folder: named, recursive: recursive.checked };
    },
    root: (path) => say(root, `Relative to ${path}, or absolute inside it.`),
  };
}

/** What few want to say. */
function detailFields() {
  const admission = select('admission', [['', 'as the strategy says'], ['may-reject', 'nodes may reject'], ['must-accept', 'nodes must accept']]);
  const transfer = select('transfer', [['', 'as fits'], ['shared', 'nodes read the folder'], ['inline', 'in the messages']]);
  const seed = el('input', { type: 'text', name: 'seed', inputmode: 'numeric', placeholder: 'drawn', pattern: '[0-9]*' });
  const label = el('input', { type: 'text', name: 'label', maxlength: '60', placeholder: 'none' });
  const fields = [field('Admission', admission), field('Images travel', transfer), field('Seed', seed), field('Label', label)];
  return {
    node: el('details', {}, el('summary', {}, 'More'), el('div', { class: 'pairs' }, fields)),
    values: () => ({ admission: admission.value || null, transfer: transfer.value || null, seed: seed.value || null, label: label.value || null }),
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
