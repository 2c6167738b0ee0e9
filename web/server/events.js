// Server-sent events read with fetch: EventSource sends no key.
import {kLongestWaitMs, pause} from './patience.js';

const kSilenceMs = 45_000;  // the server says something every 15 s

/** Cuts a stream of text into events: {id, event, data}. Comments and unknown fields are skipped. */
export class EventParser {
  #rest = '';
  #event = {};

  /** @param {string} text the next piece, cut anywhere @returns {{id?: string, event: string, data: string}[]} */
  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter((event) => event !== null);
  }

  #line(line) {
    if (line === '') return this.#finish();
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#event.data = 'data' in this.#event ? `${this.#event.data}\n${value}` : value;
    if (name === 'id' || name === 'event') this.#event[name] = value;
    return null;
  }

  #finish() {
    const event = this.#event;
    this.#event = {};
    return 'data' in event ? {event: 'message', ...event} : null;
  }
}

/** Reads one connection to its end. */
async function readStream(response, onEvent, onAlive) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    onAlive();
    parser.push(value).forEach(onEvent);
  }
}

/**
 * One connection; it is given up when the server falls silent.
 * @returns {Promise<boolean>} whether there is more to come
 */
async function connect(client, path, headers, {onEvent, onOpen, signal}) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), kSilenceMs);
  const onAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), kSilenceMs);
  };
  try {
    const response = await client.fetch(path, {headers, signal: AbortSignal.any([signal, silence.signal])});
    if (response.status === 204) return false;
    onOpen();
    await readStream(response, onEvent, onAlive);
    return true;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Follows a stream until `signal` says stop; connects again after pauses that double, and goes on behind the last
 * event. It ends also where the key is refused, of which the client tells the page.
 * @param {import('./client.js').Client} client
 * @param {string} path
 * @param {{onEvent: (event: {id?: string, event: string, data: string}) => void, onOpen?: () => void,
 *          onLost?: (error: Error|null, waitMs: number) => void, signal: AbortSignal, retry?: EventTarget}} options
 *   retry: its 'retry' event ends a pause
 */
export async function follow(client, path, {onEvent, onOpen = () => {}, onLost = () => {}, signal, retry}) {
  let lastId = null;
  let waitMs = 1000;
  const remember = (event) => {
    lastId = event.id ?? lastId;
    onEvent(event);
  };
  const opened = () => { waitMs = 1000; onOpen(); };
  while (!signal.aborted) {
    let problem = null;
    try {
      const headers = lastId === null ? {} : {'Last-Event-ID': lastId};
      if (!await connect(client, path, headers, {onEvent: remember, onOpen: opened, signal})) return;
    } catch (error) {
      if (signal.aborted || error.status === 404 || error.status === 401) return;
      problem = error;
    }
    const pauseMs = Math.max(waitMs, problem?.retryMs ?? 0);
    onLost(problem, pauseMs);
    await pause(pauseMs, signal, retry);
    waitMs = Math.min(2 * waitMs, kLongestWaitMs);
  }
}
