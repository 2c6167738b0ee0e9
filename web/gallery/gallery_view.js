// The gallery: films as posters, newest first; found by words; two of them chosen for comparison.
import {arrange, el, fill, icon} from '../dom/elements.js';
import {plural} from '../dom/format.js';
import {toast, wordsOf} from '../dom/messages.js';
import {posterCard} from './poster.js';
import {matcherOf} from './search.js';

const kPerPage = 60;

export class GalleryView {
  #jobs;
  #media;
  #sync;
  #cards = new Map();  // job id -> {job, element}
  #chosen = [];        // ids for comparison, oldest choice first
  #shown = kPerPage;
  #drawTimer = 0;
  #parts;

  /**
   * @param {{jobs: import('../state/jobs.js').Jobs, media: import('../server/media.js').Media, sync:
   * import('../state/sync.js').Sync}} options
   */
  constructor({jobs, media, sync}) {
    this.#jobs = jobs;
    this.#media = media;
    this.#sync = sync;
    this.#parts = this.#makeParts();
    jobs.addEventListener('change', ({detail}) => this.#hear(detail));
    new IntersectionObserver(([entry]) => entry.isIntersecting && this.#more(),
        {rootMargin: '400px'}).observe(this.#parts.more);
    // Posters load; load does not bubble. The grid takes the shape of the newest film.
    this.#parts.grid.addEventListener('load', ({target}) => this.#shape(target), {capture: true});
    this.#draw();
  }

  get elements() { return this.#parts.all; }

  focusSearch() { this.#parts.search.focus(); }

  /**
   * The films that are shown, in their order; for "next" and "previous".
   * @returns {import('../server/types.js').Job[]}
   */
  get films() {
    return this.#jobs.inStates('succeeded').filter(matcherOf(this.#parts.search.value));
  }

  #shape(picture) {
    if (!(picture instanceof HTMLImageElement) ||
        picture.closest('.film-card') !== this.#parts.grid.firstElementChild) return;
    const ratio = Math.max(3 / 4, Math.min(16 / 9, picture.naturalWidth / picture.naturalHeight));
    this.#parts.grid.style.setProperty('--ratio', String(ratio));
  }

  #hear({job, before}) {
    if (job?.state !== 'succeeded' && before?.state !== 'succeeded') return;
    clearTimeout(this.#drawTimer);
    this.#drawTimer = setTimeout(() => this.#draw(), 16);
  }

  #draw() {
    const films = this.films;
    const wanted = films.slice(0, this.#shown);
    arrange(this.#parts.grid, wanted.map((job) => this.#card(job)));
    const searching = this.#parts.search.value.trim() !== '';
    this.#parts.empty.hidden = films.length > 0;
    this.#parts.empty.textContent = searching ? 'No film has these words.'
        : 'No films yet. Write a sentence above and make the first one.';
    this.#parts.count.textContent = films.length ? `${films.length}${this.#sync.complete ? '' : '+'}` : '';
    this.#parts.more.hidden = films.length <= this.#shown && this.#sync.complete;
    if (searching && !this.#sync.complete) this.#more();
  }

  #card(job) {
    const kept = this.#cards.get(job.id);
    if (kept?.job === job) return kept.element;
    const onchoose = (chosen) => this.#choose(job.id, chosen);
    const element = posterCard(job, this.#media, {chosen: this.#chosen.includes(job.id), onchoose});
    this.#cards.set(job.id, {job, element});
    return element;
  }

  async #more() {
    if (this.films.length > this.#shown) this.#shown += kPerPage;
    else if (this.#sync.complete) return;
    else await this.#sync.moreFilms().catch((error) => toast(wordsOf(error), {error: true}));
    this.#draw();
  }

  /** Two at most: a third choice takes the place of the first. */
  #choose(id, chosen) {
    this.#chosen = this.#chosen.filter((one) => one !== id);
    if (chosen) this.#chosen.push(id);
    while (this.#chosen.length > 2) this.#untick(this.#chosen.shift());
    this.#drawChoice();
  }

  #untick(id) {
    const box = this.#cards.get(id)?.element.querySelector('input[type=checkbox]');
    if (box) box.checked = false;
  }

  #drawChoice() {
    const {choice} = this.#parts;
    choice.hidden = this.#chosen.length === 0;
    const forget = () => { this.#chosen.splice(0).forEach((id) => this.#untick(id)); this.#drawChoice(); };
    fill(choice, el('p', {}, `${plural(this.#chosen.length, 'film')} chosen`),
      this.#chosen.length === 2 ? el('a', {class: 'primary', href: `#/compare/${this.#chosen.join('/')}`},
          icon('compare'), 'Compare')
        : el('p', {class: 'hint'}, 'Choose another one to compare.'),
      el('button', {type: 'button', class: 'quiet', onclick: forget}, 'Forget'));
  }

  #makeParts() {
    const count = el('span', {class: 'count'});
    const search = el('input', {type: 'search', id: 'search', class: 'search',
        placeholder: 'Search: words, seed:7, -word', autocomplete: 'off',
                                'aria-label': 'Search films'});
    search.addEventListener('input', () => this.#draw());
    const grid = el('ul', {class: 'grid', 'aria-label': 'Films'});
    const empty = el('p', {class: 'empty'});
    const more = el('button', {type: 'button', class: 'quiet more', onclick: () => this.#more()}, 'More films');
    const choice = el('div', {class: 'choice', role: 'status', hidden: true});
    const head = el('header', {class: 'section-head'}, el('h2', {id: 'gallery-title'}, 'Films'), count, search);
    return {all: [head, empty, grid, more, choice], count, search, grid, empty, more, choice};
  }
}
