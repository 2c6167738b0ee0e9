// Keeps the page's jobs equal to the server's: lists at the start, then the stream of events.
import {follow} from '../server/events.js';
import {insist} from '../server/patience.js';

const kJobs = '/api/v1/jobs';
const kFirstFilms = 60;
const kPlacesAtOnce = 40;
const kLists = 'lists';

export class Sync extends EventTarget {
  #client;
  #jobs;
  #stop = new AbortController();
  #reading = new Map();  // job id, or kLists -> whether to read it once more
  #placesTimer = 0;
  #films = {cursor: null, complete: false};

  /**
   * Events: 'online', 'offline' with detail {waitMs}. Send it 'retry' to end the pauses before asking again.
   * @param {import('../server/client.js').Client} client @param {import('./jobs.js').Jobs} jobs
   */
  constructor(client, jobs) {
    super();
    this.#client = client;
    this.#jobs = jobs;
  }

  /** Whether every film of the server is known. */
  get complete() { return this.#films.complete; }

  /** Reads the lists and follows the events until stop(). */
  async start() {
    const sequence = await this.load();
    follow(this.#client, `/api/v1/events?after=${sequence}`, {
      signal: this.#stop.signal,
      retry: this,
      onOpen: () => this.#tellOnline(),
      onLost: (error, waitMs) => this.dispatchEvent(new CustomEvent('offline', {detail: {error, waitMs}})),
      onEvent: (event) => this.#take(event),
    });
  }

  stop() { this.#stop.abort(); }

  /** What waits to be asked again has somebody to ask. */
  #tellOnline() {
    this.dispatchEvent(new Event('online'));
    this.dispatchEvent(new Event('retry'));
  }

  /** Reads everything afresh. @returns {Promise<number>} the number of the stream that the lists are not older than */
  async load() {
    const known = this.#jobs.all().map((job) => job.id);
    const first = await this.#page({state: 'running', limit: 100});
    const lists = [first];
    for (const state of ['queued', 'failed', 'cancelled']) {
      lists.push(await this.#page({state, limit: 100, order: state === 'queued' ? 'place' : 'desc'}));
    }
    this.#films = {cursor: null, complete: false};
    lists.push({jobs: await this.moreFilms(kFirstFilms)});
    const there = new Set(lists.flatMap((list) => list.jobs.map((job) => job.id)));
    this.#forgetGone(known.filter((id) => !there.has(id)));
    this.#readPlaces();
    return first.sequence;
  }

  /** The next page of finished films. @returns {Promise<import('../server/types.js').Job[]>} */
  async moreFilms(limit = 100) {
    if (this.#films.complete) return [];
    const page = await this.#page({state: 'succeeded', limit, ...(this.#films.cursor && {cursor: this.#films.cursor})});
    this.#films = {cursor: page.next, complete: page.next === null};
    return page.jobs;
  }

  /** Asks for one job, whether the page has it or not. @returns {Promise<import('../server/types.js').Job>} */
  read(id) { return this.#jobs.answered(this.#client.get(`${kJobs}/${id}`)); }

  #page(query) {
    return this.#jobs.answered(this.#client.get(`${kJobs}?${new URLSearchParams(query)}`), (page) => page.jobs);
  }

  /** Asks for jobs that no list named, one after another: most are further down in the list of films. */
  async #forgetGone(ids) {
    for (const id of ids) await this.#reread(id);
  }

  #take({event, data}) {
    const value = JSON.parse(data);
    if (event === 'reset') this.#surely(kLists, () => this.load());
    if (event !== 'job') return;
    if (value.kind === 'deleted') this.#jobs.remove(value.job);
    else if (value.kind === 'progress' && this.#jobs.get(value.job)?.state === 'running') this.#progress(value);
    else this.#reread(value.job);
    if (['moved', 'edited', 'submitted', 'retried', 'released', 'recovered'].includes(value.kind)) this.#readPlaces();
  }

  #progress({job, stage, step, steps, eta_ms, preview}) {
    this.#jobs.patch(job, {progress: {stage, step, steps, eta_ms}});
    const known = this.#jobs.get(job).preview;
    if (preview && !known) this.#reread(job);
    if (preview > known?.sequence) this.#jobs.patch(job, {preview: {...known, sequence: preview}});
  }

  /** Reads a job again; one that is gone is forgotten. */
  #reread(id) {
    return this.#surely(id, () => this.read(id).catch((error) => {
      if (error.status !== 404) throw error;
      this.#jobs.remove(id);
    }));
  }

  /**
   * Reads something until the server answers, because no event says it twice; while that is under way, further wishes
   * become one more reading. An answer that time will not change, as to a refused key, is the last word.
   */
  async #surely(name, read) {
    const underWay = this.#reading.has(name);
    this.#reading.set(name, underWay);
    if (underWay) return;
    do {
      this.#reading.set(name, false);
      await insist(read, {signal: this.#stop.signal, retry: this}).catch(() => {});
    } while (this.#reading.get(name));
    this.#reading.delete(name);
  }

  /** Lists do not say places, so that the first waiting jobs are asked for theirs one by one, once things are quiet. */
  #readPlaces() {
    clearTimeout(this.#placesTimer);
    this.#placesTimer = setTimeout(async () => {
      const ids = this.#jobs.waiting().slice(0, kPlacesAtOnce).map((job) => job.id);
      if (ids.length < 2) return;
      for (const id of ids) await this.#reread(id);
    }, 300);
  }
}
