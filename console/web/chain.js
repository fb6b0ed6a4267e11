// A chain of operations, each with its parameters.

import { el, say } from './dom.js';

export class Chain {
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
