// The page of one film: player, time line, what it was made with, what one can do with it.
import {el, icon} from '../dom/elements.js';
import {ago, bytes, fieldLabel, offset as offsetWords, withoutMarks} from '../dom/format.js';
import {confirmDialog} from '../dom/dialog.js';
import {toast, wordsOf} from '../dom/messages.js';
import {fileOf, filmOf} from '../state/jobs.js';
import {FilmView} from './film_view.js';
import {flatSettings, gradeOf, strikesOf} from './figures.js';
import {Transport} from './transport.js';

/** @typedef {import('../server/types.js').Job} Job */

/** A name to save a film under: the first words of its prompt. @param {Job} job */
export function fileNameOf(job) {
  const words = withoutMarks(job.request.prompt ?? '').toLowerCase().match(/[a-z0-9]+/g) ?? ['film'];
  const ending = filmOf(job)?.name.split('.').pop() ?? 'mp4';
  return `${words.slice(0, 8).join('_')}_${job.id.slice(0, 6)}.${ending}`;
}

export class FilmPage {
  #job;
  #services;
  #side = el('div', {class: 'film-side'});

  /**
   * @param {Job} job
   * @param {{client: any, media: any, fps: number, jobs: any, maySubmit: boolean,
   *          again: (job: Job, changes?: Object<string, any>) => void, neighbour: (by: number) => void,
   *          keep: ((job: Job, request: Object<string, any>) => void)|null}} services  keep: asks for a film that keeps
   *   parts of this one; null where the model makes none
   */
  constructor(job, services) {
    this.#job = job;
    this.#services = services;
    this.view = new FilmView(job, services.client, services.media);
    this.transport = new Transport([this.view.video], services.fps);
    this.transport.addEventListener('time', ({detail}) => this.view.timeline.at(detail));
    this.view.timeline.addEventListener('seek', ({detail}) => this.transport.seek(detail));
    this.view.stage.addEventListener('click', () => this.transport.toggle());
    this.element = this.#makeElement();
    this.view.load().then(() => this.#showMeasures());
  }

  /** What keys do on this page (app/keyboard.js). */
  get commands() {
    return {
      ...this.transport.commands,
      download: () => this.download(),
      again: () => this.again(),
      previousFilm: () => this.#services.neighbour(-1),
      nextFilm: () => this.#services.neighbour(1),
    };
  }

  again() { this.#services.again(this.#job); }

  #anotherSeed() {
    this.#services.again(this.#job, {seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000});
  }

  /** The film as what a new one is given. */
  get #file() { return `${this.#job.id}/${filmOf(this.#job).name}`; }

  /** What this film was made without, the new one is, too. */
  get #absent() {
    const {request} = this.#job;
    return Object.fromEntries(['video', 'audio'].filter((name) => request[name] === false).map((name) => [name, false]));
  }

  #goOn() { this.#services.keep(this.#job, {...this.#absent, extend: this.#file}); }

  /** Half a second around what is shown now, to be changed in the card. */
  #retake() {
    const {currentTime, duration} = this.view.video;
    const [first, last] = [Math.max(0, currentTime - 0.25), Math.min(duration || Infinity, currentTime + 0.25)];
    const retake = `${first.toFixed(2)}-${last.toFixed(2)}`;
    this.#services.keep(this.#job, {...this.#absent, of: this.#file, retake});
  }

  async download(file = filmOf(this.#job), name = fileNameOf(this.#job)) {
    await this.#services.media.download(file.url, name).catch((error) => toast(wordsOf(error), {error: true}));
  }

  async #remove() {
    const words = 'The film and its files are removed from the server for good.';
    if (!await confirmDialog('Delete this film?', words, 'Delete')) return;
    try {
      await this.#services.client.delete(`/api/v1/jobs/${this.#job.id}`);
      this.#services.jobs.remove(this.#job.id);
      location.hash = '#/';
    } catch (error) {
      toast(wordsOf(error), {error: true});
    }
  }

  #makeElement() {
    const title = el('h1', {class: 'film-prompt', tabindex: '-1'}, this.#job.request.prompt ?? 'Film');
    this.#side.append(title, el('p', {class: 'film-facts'}, this.#facts()), this.#actions(),
      el('div', {class: 'measures'}), settingsTable('Asked for', this.#job.request));
    const nav = el('nav', {class: 'page-nav', 'aria-label': 'Films'},
      el('a', {class: 'quiet', href: '#/'}, icon('back'), 'Studio'));
    const {stage, timeline, error} = this.view;
    const main = el('div', {class: 'film-main'}, stage, this.transport.element, timeline.element, error);
    return [nav, el('div', {class: 'film-page'}, main, this.#side)];
  }

  #facts() {
    const {finished_ms: end, started_ms: start, created_ms: created} = this.#job;
    const took = end && start ? `made in ${((end - start) / 1000).toFixed(1)} s` : null;
    return [ago(end ?? created, Date.now()), took, bytes(filmOf(this.#job)?.bytes ?? 0)].filter(Boolean).join(' · ');
  }

  #actions() {
    const button = (name, label, kind, onclick, title = null) =>
      el('button', {type: 'button', class: kind, onclick, title}, icon(name), label);
    const settings = fileOf(this.#job, 'settings.json');
    const name = fileNameOf(this.#job);
    const own = this.#services.maySubmit;
    const keeps = own && this.#services.keep && filmOf(this.#job);
    return el('div', {class: 'film-actions'},
      own && button('again', 'Again with these settings', 'primary', () => this.again()),
      own && button('dice', 'Another seed', 'quiet', () => this.#anotherSeed()),
      keeps && button('next', 'Go on', 'quiet', () => this.#goOn(), 'What comes after this film'),
      keeps && button('edit', 'Retake moment', 'quiet', () => this.#retake(), 'What is shown now is made again'),
      button('download', 'Download', 'quiet', () => this.download()),
      settings && button('settings', 'Settings as JSON', 'quiet', () => this.download(settings, `${name}.json`)),
      own && button('trash', 'Delete', 'quiet danger', () => this.#remove()));
  }

  #showMeasures() {
    const strikes = strikesOf(this.view.settings);
    if (strikes.length) this.#side.querySelector('.measures').replaceChildren(measuresOf(strikes));
    const {settings} = this.view;
    const notices = (settings?.notices ?? []).map((notice) => el('p', {class: 'notice'}, String(notice)));
    this.#side.querySelector('.measures').append(...notices);
    if (settings) this.#side.append(settingsTable('Made with', settings) ?? '');
  }
}

/** Measured offsets in a sentence and one by one. @param {import('./figures.js').Strike[]} strikes */
function measuresOf(strikes) {
  const heard = strikes.filter((strike) => strike.offset !== null);
  const sorted = heard.map((strike) => Math.abs(strike.offset)).sort((a, b) => a - b);
  const median = sorted.length ? `the median is ${Math.round(sorted[sorted.length >> 1])} ms` : 'none was heard';
  const good = heard.filter((strike) => gradeOf(strike.offset) === 'good').length;
  return el('section', {class: 'together', 'aria-label': 'Picture and sound'}, el('h2', {}, 'Picture and sound'),
    el('p', {}, `${good} of ${strikes.length} strikes are heard within 25 ms; ${median}.`),
    el('ul', {}, strikes.map(({time, offset}) => el('li', {class: gradeOf(offset)},
        el('span', {}, `${time.toFixed(2)} s`),
      el('strong', {}, offset === null ? 'not heard' : offsetWords(offset))))));
}

/** @param {string} title @param {Object<string, any>} values */
export function settingsTable(title, values) {
  const rows = flatSettings(values);
  const first = title === 'Asked for';
  if (!rows.length) return first ? el('p', {class: 'hint'}, 'Asked for with the default settings.') : null;
  return el('details', {class: 'settings-table', open: first}, el('summary', {}, title),
    el('dl', {}, rows.map(([name, value]) => [el('dt', {}, fieldLabel(name)), el('dd', {}, value)])));
}
