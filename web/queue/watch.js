// Workers make previews only while somebody listens to the events of their job: the page does for what it shows
// running.
import {follow} from '../server/events.js';

const kMostWatched = 2;  // browsers keep six connections to a server, and the page needs some of them

export class Watch {
  #client;
  #jobs;
  #watched = new Map();  // job id -> AbortController

  /** @param {import('../server/client.js').Client} client @param {import('../state/jobs.js').Jobs} jobs */
  constructor(client, jobs) {
    this.#client = client;
    this.#jobs = jobs;
    jobs.addEventListener('change', () => this.#update());
    document.addEventListener('visibilitychange', () => this.#update());
    this.#update();
  }

  #update() {
    const wanted = document.hidden ? [] : this.#jobs.inStates('running').slice(0, kMostWatched).map((job) => job.id);
    for (const [id, stop] of this.#watched) {
      if (wanted.includes(id)) continue;
      stop.abort();
      this.#watched.delete(id);
    }
    wanted.filter((id) => !this.#watched.has(id)).forEach((id) => this.#listen(id));
  }

  /**
   * What the stream says is known from the stream of all jobs, but for the preview's files, which the snapshot names.
   */
  #listen(id) {
    const stop = new AbortController();
    this.#watched.set(id, stop);
    const onEvent = ({event, data}) => {
      if (event !== 'snapshot' || this.#jobs.get(id)?.state !== 'running') return;
      const {preview} = JSON.parse(data);
      if (preview) this.#jobs.patch(id, {preview});
    };
    follow(this.#client, `/api/v1/jobs/${id}/events`, {signal: stop.signal, onEvent});
  }
}
