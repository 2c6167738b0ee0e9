// Keeps the page's jobs equal to the server's: lists at the start, then the stream of events.
import {follow} from '../server/events.js';

const kJobs = '/api/v1/jobs';
const kFirstFilms = 60;
const kPlacesAtOnce = 40;

export class Sync extends EventTarget {
  #client;
  #jobs;
  #stop = new AbortController();
  #reading = new Map();  // job id -> whether to read it once more
  #placesTimer = 0;
  #films = {cursor: null, complete: false};

  /**
   * Events: 'online', 'offline' with detail {waitMs}, 'finished' with detail a job. Send it 'retry' to end a pause.
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
      onOpen: () => this.dispatchEvent(new Event('online')),
      onLost: (error, waitMs) => this.dispatchEvent(new CustomEvent('offline', {detail: {error, waitMs}})),
      onEvent: (event) => this.#take(event),
    });
  }

  stop() { this.#stop.abort(); }

  /** Reads everything afresh. @returns {Promise<number>} the number of the stream that the lists are not older than */
  async load() {
    const known = this.#jobs.all().map((job) => job.id);
    const first = await this.#page({state: 'running', limit: 100});
    const lists = [first];
    for (const state of ['queued', 'failed', 'cancelled']) {
      lists.push(await this.#page({state, limit: 100, order: state === 'queued' ? 'asc' : 'desc'}));
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
  async read(id) {
    const job = await this.#client.get(`${kJobs}/${id}`);
    this.#jobs.put(job);
    return job;
  }

  async #page(query) {
    const page = await this.#client.get(`${kJobs}?${new URLSearchParams(query)}`);
    page.jobs.forEach((job) => this.#jobs.put(job));
    return page;
  }

  /** Asks for jobs that no list named, one after another: most are further down in the list of films. */
  async #forgetGone(ids) {
    for (const id of ids) await this.#reread(id);
  }

  #take({event, data}) {
    const value = JSON.parse(data);
    if (event === 'reset') this.load().catch(() => {});
    if (event !== 'job') return;
    if (value.kind === 'deleted') this.#jobs.remove(value.job);
    else if (value.kind === 'progress' && this.#jobs.get(value.job)?.state === 'running') this.#progress(value);
    else if (value.kind === 'preview' && this.#jobs.get(value.job)?.preview) this.#preview(value);
    else this.#reread(value.job);
    if (['moved', 'edited', 'submitted', 'retried', 'released', 'recovered'].includes(value.kind)) this.#readPlaces();
  }

  #progress({job, stage, step, steps, eta_ms, preview}) {
    const known = this.#jobs.get(job).preview?.sequence ?? 0;
    this.#jobs.patch(job, {progress: {stage, step, steps, eta_ms}});
    if (preview && preview > known) this.#preview({job, preview});
  }

  #preview({job, preview}) {
    const known = this.#jobs.get(job).preview;
    if (!known) this.#reread(job);
    else if (preview) this.#jobs.patch(job, {preview: {...known, sequence: preview}});
  }

  /** Reads a job again; while that is under way, further wishes become one more reading. */
  async #reread(id) {
    if (this.#reading.has(id)) {
      this.#reading.set(id, true);
      return;
    }
    this.#reading.set(id, false);
    const before = this.#jobs.get(id)?.state;
    try {
      const job = await this.read(id);
      const finished = before === 'running' && job.state !== 'running';
      if (finished) this.dispatchEvent(new CustomEvent('finished', {detail: job}));
    } catch (error) {
      if (error.status === 404) this.#jobs.remove(id);
    }
    const again = this.#reading.get(id);
    this.#reading.delete(id);
    if (again) this.#reread(id);
  }

  /** Lists do not say places, so that the first waiting jobs are asked for theirs one by one, once things are quiet. */
  #readPlaces() {
    clearTimeout(this.#placesTimer);
    this.#placesTimer = setTimeout(async () => {
      const ids = this.#jobs.waiting().slice(0, kPlacesAtOnce).map((job) => job.id);
      if (ids.length < 2) return;
      for (const id of ids) await this.read(id).catch(() => {});
    }, 300);
  }
}
