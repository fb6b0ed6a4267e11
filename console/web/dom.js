// Elements from plain values. Text is always text: nothing here reads markup.

/** An element. `props`: class, attributes, `on` (listeners), `data`; children are nodes, texts, or nothing. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name in node && typeof value !== 'string') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets the text only where it changed, which costs nothing where it did not. */
export function say(node, text) {
  if (node.lastText !== text) {
    node.lastText = text;
    node.textContent = text;
  }
}

/** Sets an attribute only where it changed. */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** A bar, filled from 0 to 1. */
export function bar(kind = '') {
  const fill = el('i');
  const node = el('span', { class: `meter ${kind}` }, fill);
  node.fill = (share) => fill.style.setProperty('--share', `${Math.round(1000 * Math.min(1, Math.max(0, share))) / 10}%`);
  return node;
}

/** What the server answers as JSON, or an error with its sentence. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error('The server does not answer. Is it still running?');
  }
  const text = await response.text();
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // An answer that is no JSON has no sentence either.
  }
  if (!response.ok) throw new Error(body.error || `The server answered ${response.status}.`);
  return body;
}

/** A change: posts JSON. */
export function tell(path, body = {}, method = 'POST') {
  return ask(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

const TOASTS = 3;

/** A word that comes and goes at the foot of the page; what went wrong stays longer and can be sent away. */
export function toast(text, kind = 'good') {
  const shelf = document.getElementById('toasts');
  const node = el('div', { class: `toast ${kind}`, role: kind === 'bad' ? 'alert' : 'status' }, el('span', {}, text),
    el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close', on: { click: () => node.remove() } }, '✕'));
  // What a dialog covers would not be seen: the shelf goes where people look.
  (document.querySelector('dialog[open]') ?? document.body).append(shelf);
  shelf.append(node);
  while (shelf.children.length > TOASTS) shelf.firstChild.remove();
  setTimeout(() => node.remove(), kind === 'bad' ? 10_000 : 4_000);
}
