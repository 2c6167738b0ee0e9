// The queue: what runs, what waits in its order, what ended without a film.
import {arrange, el} from '../dom/elements.js';
import {plural} from '../dom/format.js';
import {announce, toast, wordsOf} from '../dom/messages.js';
import {endedRow, RunningRow, waitingRow} from './job_row.js';
import {reorderable} from './reorder.js';

/** @typedef {import('../server/types.js').Job} Job */

const kMostWaiting = 100;
const kMostEnded = 8;

export class QueueView {
  #client;
  #jobs;
  #actions;
  #media;
  #running = new Map();  // job id -> RunningRow
  #rows = new Map();     // job id -> {key, element} of the other rows
  #drawn = false;
  #lists;

  /**
   * @param {{client: import('../server/client.js').Client, jobs: import('../state/jobs.js').Jobs, media:
   * import('../server/media.js').Media,
   *          edit: (job: Job) => void, again: (job: Job) => void, mayChange: boolean}} options
   */
  constructor({client, jobs, media, edit, again, mayChange}) {
    this.#client = client;
    this.#jobs = jobs;
    this.#media = media;
    this.#actions = {edit, again, mayChange, cancel: (job) => this.#cancel(job), remove: (job) => this.#remove(job),
                     move: (job, by) => this.#moveBy(job, by)};
    this.#lists = makeLists();
    reorderable(this.#lists.waiting, (id, before) => this.#move(id, before));
    jobs.addEventListener('change', ({detail}) => this.#hear(detail));
    this.#draw();
  }

  get elements() { return this.#lists.all; }

  /** A step of a running job changes its row alone; everything else draws the lists anew, once per frame. */
  #hear({id, job, before}) {
    if (job?.state === 'running' && before?.state === 'running' &&
        this.#running.has(id)) this.#running.get(id).update(job);
    else if (!this.#drawn) {
      this.#drawn = true;
      setTimeout(() => this.#draw(), 16);
    }
  }

  #draw() {
    // A row that is being dragged must not be put back under the hand.
    if (this.#lists.waiting.querySelector('.dragged')) return setTimeout(() => this.#draw(), 100);
    this.#drawn = false;
    const focused = focusedPlace();
    const [running, waiting] = [this.#jobs.inStates('running'), this.#jobs.waiting()];
    const ended = this.#jobs.inStates('failed', 'cancelled').slice(0, kMostEnded);
    this.#drawRunning(running);
    const shown = waiting.slice(0, kMostWaiting);
    arrange(this.#lists.waiting, shown.map((job, i) =>
      this.#row(job, [i, waiting.length], () => waitingRow(job, i + 1, waiting.length, this.#actions))));
    arrange(this.#lists.ended, ended.map((job) => this.#row(job, [], () => endedRow(job, this.#actions))));
    this.#lists.more.textContent = waiting.length > shown.length
        ? `and ${plural(waiting.length - shown.length, 'more film')}` : '';
    this.#lists.endedPart.hidden = ended.length === 0;
    this.#lists.empty.hidden = running.length + waiting.length > 0;
    this.#lists.count.textContent = waiting.length ? `${waiting.length} waiting` : '';
    focused?.();
  }

  #drawRunning(jobs) {
    const ids = new Set(jobs.map((job) => job.id));
    for (const id of this.#running.keys()) if (!ids.has(id)) this.#running.delete(id);
    for (const job of jobs) {
      if (this.#running.has(job.id)) this.#running.get(job.id).update(job);
      else this.#running.set(job.id, new RunningRow(job, this.#actions, this.#media));
    }
    arrange(this.#lists.running, jobs.map((job) => this.#running.get(job.id).element));
  }

  /** The row that shows a job already, as long as it would look the same. */
  #row(job, place, make) {
    const key = JSON.stringify([job.state, job.request, job.failure, place]);
    if (this.#rows.get(job.id)?.key !== key) this.#rows.set(job.id, {key, element: make()});
    return this.#rows.get(job.id).element;
  }

  async #cancel(job) {
    await this.#ask(async () => {
      await this.#jobs.answered(this.#client.send('POST', `/api/v1/jobs/${job.id}/cancel`, {}));
      announce('Cancelled.');
    });
  }

  async #remove(job) {
    await this.#ask(async () => {
      await this.#client.delete(`/api/v1/jobs/${job.id}`);
      this.#jobs.remove(job.id);
    });
  }

  #moveBy(job, by) {
    const waiting = this.#jobs.waiting();
    const place = waiting.findIndex((one) => one.id === job.id);
    const before = waiting[by < 0 ? place - 1 : place + 2];
    if (place + by >= 0 && place + by < waiting.length) this.#move(job.id, before?.id ?? null);
  }

  /** Moves at once in the page, then asks; a refusal brings the old order back. */
  async #move(id, before) {
    const old = this.#jobs.waiting();
    const others = old.filter((job) => job.id !== id);
    const at = before === null ? others.length : others.findIndex((job) => job.id === before);
    others.splice(at, 0, this.#jobs.get(id));
    number(this.#jobs, others);
    const done = await this.#ask(async () => {
      await this.#client.send('POST', `/api/v1/jobs/${id}/move`, {before});
      announce(`Now at place ${at + 1}.`);
    });
    if (!done) number(this.#jobs, old);
  }

  async #ask(action) {
    try {
      await action();
      return true;
    } catch (error) {
      toast(wordsOf(error), {error: true});
      return false;
    }
  }
}

function number(jobs, order) {
  order.forEach((job, i) => jobs.patch(job.id, {position: i + 1}));
}

/** What gives the focus back to the same button of the same job after the lists were drawn anew. */
function focusedPlace() {
  const button = document.activeElement;
  const row = button?.closest('.queue .job');
  const label = button?.getAttribute('aria-label');
  if (!row || !label) return null;
  const places = [`[aria-label="${label}"]`, 'button'].map((which) =>
    `.queue .job[data-id="${row.dataset.id}"] ${which}:not([disabled])`);
  return () => places.map((place) => document.querySelector(place)).find(Boolean)?.focus();
}

function makeLists() {
  const count = el('span', {class: 'count'});
  const running = el('ul', {class: 'jobs', 'aria-label': 'Being made'});
  const waiting = el('ol', {class: 'jobs', 'aria-label': 'Waiting'});
  const ended = el('ul', {class: 'jobs', 'aria-label': 'Ended without a film'});
  const more = el('p', {class: 'hint'});
  const empty = el('p', {class: 'empty'}, 'Nothing is being made. Films that you ask for appear here.');
  const endedPart = el('details', {class: 'ended-part', open: true, hidden: true}, el('summary', {},
      'Ended without a film'), ended);
  const head = el('header', {class: 'section-head'}, el('h2', {id: 'queue-title'}, 'Queue'), count);
  return {all: [head, empty, running, waiting, more, endedPart], count, running, waiting, ended, more, empty,
      endedPart};
}
