// What the server tells, as it comes: one stream of events, kept as plain objects.

const CURVE = 60;
const TREND = 240;
// Two frames a second are normal; three seconds without one are not.
const STALE_MS = 3_000;

export const feed = {
  /** loading, live or broken */
  state: 'loading',
  servers: [],
  nodes: [],
  totals: {},
  rates: {},
  /** done, rejected, delayed, in flight, response */
  trend: [],
  jobs: [],
  performance: [],
  strategies: [],
  at: 0,
  number: 0,
};

const listeners = new Set();
let source = null;
let heard = 0;

/** Calls `listener` after every frame and change of state; answers how to stop it. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function told() {
  for (const listener of listeners) listener();
}

export function start() {
  source = new EventSource('/api/stream');
  source.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    if (frame.kind === 'whole') whole(frame);
    else change(frame);
    heard = performance.now();
    feed.state = 'live';
    told();
  };
  source.onerror = () => {
    if (feed.state !== 'broken') {
      feed.state = 'broken';
      told();
    }
    // A refusal closes the source for good; a lost connection comes back by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 2_000);
  };
}

/** Begins anew; if the console does not know us any more, it is for the page that asks for the token. */
async function again() {
  const answer = await fetch('/api/options').catch(() => null);
  if (answer?.status === 401) location.reload();
  else start();
}

setInterval(() => {
  if (feed.state === 'live' && performance.now() - heard > STALE_MS) {
    feed.state = 'broken';
    told();
  }
}, 1_000);

function whole(frame) {
  Object.assign(feed, {
    servers: frame.servers,
    totals: frame.totals,
    rates: frame.rates,
    trend: frame.trend,
    jobs: frame.jobs,
    performance: frame.performance,
    strategies: frame.strategies,
    at: frame.at_ms,
    number: frame.number,
  });
  feed.nodes = frame.nodes.map((told, place) => {
    const [name, address, compatible, state, since, load, slots, queue, counts, curve, mean] = told;
    const node = { place, name, address, compatible: compatible === 1, curve: fill(curve), response: curve.at(-1) ?? null };
    return take(node, state, since, load, slots, queue, counts, mean);
  });
}

function fill(curve) {
  return [...Array(Math.max(0, CURVE - curve.length)).fill(null), ...curve];
}

function take(node, state, since, load, slots, queue, counts, mean) {
  [node.inFlight, node.attempts, node.done, node.rejected, node.delayed, node.lost] = counts;
  return Object.assign(node, { state, since, load, slots, queue, mean });
}

function change(frame) {
  feed.at = frame.at_ms;
  feed.number = frame.number;
  for (const part of ['servers', 'jobs', 'performance', 'totals', 'rates']) {
    if (frame[part] !== undefined) feed[part] = frame[part];
  }
  const { done, rejected, delayed, in_flight: inFlight, response_us: response } = frame.rates;
  feed.trend.push([done, rejected, delayed, inFlight, response]);
  if (feed.trend.length > TREND) feed.trend.shift();
  const fresh = new Map();
  for (const [place, state, since, load, slots, queue, counts, response, mean] of frame.nodes) {
    const node = feed.nodes[place];
    node.response = response;
    take(node, state, since, load, slots, queue, counts, mean);
    fresh.set(place, response);
  }
  for (const node of feed.nodes) {
    node.curve.push(fresh.get(node.place) ?? null);
    node.curve.shift();
  }
}
