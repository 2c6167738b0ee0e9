// One film with its time line: what the film's page shows once, and the comparison twice.
import {el} from '../dom/elements.js';
import {showError} from '../dom/messages.js';
import {fileOf, filmOf} from '../state/jobs.js';
import {strikesOf} from './figures.js';
import {decodeSound} from './sound.js';
import {Timeline} from './timeline.js';

export class FilmView {
  #media;
  #client;

  /**
   * @param {import('../server/types.js').Job} job one that succeeded
   * @param {import('../server/client.js').Client} client @param {import('../server/media.js').Media} media
   */
  constructor(job, client, media) {
    this.job = job;
    this.#client = client;
    this.#media = media;
    this.settings = null;  // settings.json, once it is read
    this.timeline = new Timeline();
    this.error = el('div', {hidden: true});
    const poster = fileOf(job, 'poster.png') ?? fileOf(job, 'poster.jpg');
    const label = job.request.prompt ?? 'film';
    this.video = el('video', {class: 'screen', playsinline: true, preload: 'auto', 'aria-label': label});
    this.isSound = /^audio\//.test(filmOf(job)?.type ?? '');
    if (poster) media.url(poster.url).then((url) => { this.video.poster = url; }, () => {});
    this.stage = el('div', {class: this.isSound ? 'stage sound-only' : 'stage'}, this.video);
    const words = 'This browser cannot play the film. Download it to play it elsewhere.';
    this.video.addEventListener('error', () => showError(this.error, words));
  }

  /** Loads film, sound and measures; what cannot be read is said in `error`, the rest is shown. */
  async load() {
    const film = filmOf(this.job);
    if (!film) return showError(this.error, 'The server has no film for this job.');
    const shown = this.#media.show(this.video, film.url);
    const [sound] = await Promise.all([this.#readSound(film), this.#readSettings(), shown]);
    await metadataOf(this.video);
    this.timeline.show(sound, strikesOf(this.settings), this.video.duration || sound?.seconds || 1);
  }

  async #readSound(film) {
    const blob = await this.#read(film);
    return blob && decodeSound(await blob.arrayBuffer());
  }

  async #readSettings() {
    const file = fileOf(this.job, 'settings.json');
    const blob = file && await this.#read(file);
    if (blob) this.settings = JSON.parse(await blob.text());
  }

  async #read(file) {
    try {
      return await this.#client.blob(file.url);
    } catch (error) {
      showError(this.error, error);
      return null;
    }
  }
}

/** Ends when the length is known, or the video cannot be played. @param {HTMLVideoElement} video */
function metadataOf(video) {
  if (video.readyState > 0 || video.error) return Promise.resolve();
  return new Promise((resolve) => {
    video.addEventListener('loadedmetadata', resolve, {once: true});
    video.addEventListener('error', resolve, {once: true});
  });
}
