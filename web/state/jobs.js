// The jobs that the page knows, and who wants to hear of their changes.

/** @typedef {import('../server/types.js').Job} Job */

export const kFinished = ['succeeded', 'failed', 'cancelled'];

/**
 * Events: 'change' with detail {id, job, before}; job is undefined after a deletion, before is undefined for a new one.
 */
export class Jobs extends EventTarget {
  #jobs = new Map();
  #clock = 0;         // counts questions and deletions
  #asked = new Map(); // job id -> when what is known of it was asked for, or when it was deleted

  /** @param {string} id @returns {Job|undefined} */
  get(id) { return this.#jobs.get(id); }

  /** @returns {Job[]} */
  all() { return [...this.#jobs.values()]; }

  /** @param {...string} states @returns {Job[]} newest first */
  inStates(...states) {
    return this.all().filter((job) => states.includes(job.state)).sort((a, b) => b.created_ms - a.created_ms);
  }

  /** The waiting jobs in the order in which they will be taken, as far as the page knows it. @returns {Job[]} */
  waiting() {
    const place = (job) => job.position ?? Infinity;
    return this.inStates('queued').sort((a, b) =>
      b.priority - a.priority || compare(place(a), place(b)) || a.created_ms - b.created_ms);
  }

  /**
   * Takes the jobs of an answer to a question that was asked this moment. Requests overtake each other: where a later
   * question was answered meanwhile, or the job deleted, the answer is out of date and changes nothing.
   * @template Answer
   * @param {Promise<Answer>} asking @param {(answer: Answer) => Job[]} jobsOf @returns {Promise<Answer>}
   */
  async answered(asking, jobsOf = (job) => [job]) {
    const asked = ++this.#clock;
    const answer = await asking;
    jobsOf(answer).filter((job) => (this.#asked.get(job.id) ?? 0) < asked).forEach((job) => this.#put(job, asked));
    return answer;
  }

  /** A position that an answer leaves out stays as it was known. */
  #put(job, asked) {
    this.#asked.set(job.id, asked);
    const before = this.#jobs.get(job.id);
    const position = job.state === 'queued' ? job.position ?? before?.position ?? null : null;
    this.#set({...job, position}, before);
  }

  /** Changes members of a job that is there. @param {string} id @param {Partial<Job>} changes */
  patch(id, changes) {
    const before = this.#jobs.get(id);
    if (before) this.#set({...before, ...changes}, before);
  }

  remove(id) {
    this.#asked.set(id, ++this.#clock);
    const before = this.#jobs.get(id);
    if (!before) return;
    this.#jobs.delete(id);
    this.dispatchEvent(new CustomEvent('change', {detail: {id, job: undefined, before}}));
  }

  #set(job, before) {
    this.#jobs.set(job.id, job);
    this.dispatchEvent(new CustomEvent('change', {detail: {id: job.id, job, before}}));
  }
}

function compare(a, b) {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** @param {Job} job @param {string} name @returns {import('../server/types.js').JobFile|undefined} */
export function fileOf(job, name) {
  return job.files.find((file) => file.name === name);
}

/** The film of a job, or its sound where it has no picture. @param {Job} job */
export function filmOf(job) {
  return fileOf(job, 'film.mp4') ?? job.files.find((file) => /^(video|audio)\//.test(file.type));
}
