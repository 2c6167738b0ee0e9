// Two films side by side and in step, one of them heard, with the settings in which they differ.
import {el, icon} from '../dom/elements.js';
import {fieldLabel} from '../dom/format.js';
import {FilmView} from './film_view.js';
import {Transport} from './transport.js';

/** @typedef {import('../server/types.js').Job} Job */

export class ComparePage {
  /** @param {Job} left @param {Job} right @param {{client: any, media: any, fps: number}} services */
  constructor(left, right, {client, media, fps}) {
    this.views = [left, right].map((job) => new FilmView(job, client, media));
    this.transport = new Transport(this.views.map((view) => view.video), fps);
    this.transport.addEventListener('time', ({detail}) => this.views.forEach((view) => view.timeline.at(detail)));
    for (const view of this.views) {
      view.timeline.addEventListener('seek', ({detail}) => this.transport.seek(detail));
      view.stage.addEventListener('click', () => this.transport.toggle());
      view.load();
    }
    this.element = this.#makeElement(left, right);
    this.#hear(0);
  }

  get commands() { return this.transport.commands; }

  #hear(index) {
    this.transport.setAudible(index);
    this.radios[index].checked = true;
  }

  #makeElement(left, right) {
    this.radios = this.views.map((_, i) =>
      el('input', {type: 'radio', name: 'heard', value: String(i), onchange: () => this.#hear(i)}));
    const nav = el('nav', {class: 'page-nav', 'aria-label': 'Films'},
      el('a', {class: 'quiet', href: '#/'}, icon('back'), 'Studio'),
      el('h1', {tabindex: '-1'}, 'Comparison'));
    const films = this.views.map((view, i) => el('section', {class: 'compared', 'aria-label': `Film ${'AB'[i]}`},
      el('header', {}, el('label', {class: 'heard'}, this.radios[i], el('span', {}, `${'AB'[i]}`), icon('sound')),
        el('a', {href: `#/film/${view.job.id}`}, view.job.request.prompt ?? 'film')),
      view.stage, view.timeline.element, view.error));
    return [nav, el('div', {class: 'comparison'}, films), this.transport.element, differences(left, right)];
  }
}

/** The settings of both, those that differ first. */
function differences(left, right) {
  const names = [...new Set([left, right].flatMap((job) => Object.keys(job.request)))];
  const words = (job, name) => String(job.request[name] ?? 'default');
  const rows = names.map((name) => ({name, a: words(left, name), b: words(right, name)}))
    .sort((x, y) => Number(x.a === x.b) - Number(y.a === y.b));
  return el('table', {class: 'differences'}, el('caption', {}, 'Settings'),
    el('thead', {}, el('tr', {}, ['', 'A', 'B'].map((name) => el('th', {scope: 'col'}, name)))),
    el('tbody', {}, rows.map(({name, a, b}) => el('tr', {class: a === b ? 'same' : 'different'},
      el('th', {scope: 'row'}, fieldLabel(name)), el('td', {}, a), el('td', {}, b)))));
}
