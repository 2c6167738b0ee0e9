// The page put together: what the parts share, which of them is shown, what keys do.
import {Media} from '../server/media.js';
import {Composer} from '../compose/composer.js';
import {fill, icon, iconButton} from '../dom/elements.js';
import {withoutMarks} from '../dom/format.js';
import {announce, toast, wordsOf} from '../dom/messages.js';
import {currentTheme, toggleTheme} from '../dom/theme.js';
import {ComparePage} from '../film/compare_page.js';
import {FilmPage} from '../film/film_page.js';
import {GalleryView} from '../gallery/gallery_view.js';
import {QueueView} from '../queue/queue_view.js';
import {Watch} from '../queue/watch.js';
import {Jobs} from '../state/jobs.js';
import {againOf} from '../state/submit.js';
import {Sync} from '../state/sync.js';
import {showConnection, showRefusedKey} from './connection.js';
import {listenToKeys, openHelp} from './keyboard.js';
import {routeOf} from './router.js';

const kUsualFps = 24;

/** @typedef {{schema: any, models: any[], limits: any, capabilities: any}} ServerFacts */

export class Studio {
  #client;
  #facts;
  #jobs = new Jobs();
  #media;
  #sync;
  #composer;
  #gallery;
  #shown = null;  // the film's page or the comparison that is open
  #scrolled = 0;  // where the studio was left

  /** @param {import('../server/client.js').Client} client @param {ServerFacts} facts */
  constructor(client, facts) {
    this.#client = client;
    this.#facts = facts;
    this.#media = new Media(client);
    this.#sync = new Sync(client, this.#jobs);
  }

  /** Names of the inputs that films can be given; undefined where the server does not say. */
  get #takes() { return this.#facts.models.find((model) => model.default)?.takes; }

  get #maySubmit() { return this.#facts.capabilities.scopes.some((scope) => scope !== 'read'); }

  async start() {
    showConnection(this.#sync);
    showRefusedKey(this.#client, () => this.#forgetKey());
    this.#jobs.addEventListener('change', ({detail}) => this.#tellFinished(detail));
    this.#makeParts();
    this.#makeBar();
    listenToKeys(() => (this.#shown ? 'film' : 'studio'), () => this.#commands());
    addEventListener('hashchange', () => this.#route());
    await this.#sync.start();
    if (this.#facts.capabilities.previews) new Watch(this.#client, this.#jobs);
    this.#route();
  }

  #makeParts() {
    const shared = {client: this.#client, jobs: this.#jobs, media: this.#media, sync: this.#sync};
    const {schema, limits} = this.#facts;
    this.#composer = new Composer({
      ...shared,
      schema: withModels(schema, this.#facts.models),
      takes: this.#takes,
      maxPrompt: limits.max_prompt_characters,
      maySubmit: this.#maySubmit,
    });
    const queue = new QueueView({
      ...shared,
      mayChange: this.#maySubmit,
      edit: (job) => this.#composer.edit(job),
      again: (job) => this.#again(job),
    });
    this.#gallery = new GalleryView(shared);
    fill(document.getElementById('compose'), this.#composer.elements);
    fill(document.getElementById('queue'), queue.elements);
    fill(document.getElementById('gallery'), this.#gallery.elements);
  }

  #makeBar() {
    const theme = iconButton('sun', 'Dark or light', toggleTheme);
    const draw = () => fill(theme, icon(currentTheme() === 'dark' ? 'sun' : 'moon'));
    const told = () => document.dispatchEvent(new CustomEvent('themechange'));
    document.addEventListener('themechange', draw);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', told);
    draw();
    const key = this.#client.hasKey && iconButton('key', 'Use another key', () => this.#forgetKey());
    fill(document.getElementById('bar-actions'), key, theme, iconButton('help', 'Keys and help', openHelp));
  }

  #forgetKey() {
    this.#client.useKey('');
    location.reload();
  }

  #commands() {
    const composer = this.#composer;
    const leave = () => { location.hash = '#/'; };
    const fromStudio = (action) => () => { leave(); setTimeout(action, 0); };
    return {
      compose: fromStudio(() => composer.focus()),
      make: () => !this.#shown && composer.make(),
      settings: () => composer.toggleSettings(),
      batch: () => composer.openBatch(),
      search: fromStudio(() => this.#gallery.focusSearch()),
      leave,
      theme: toggleTheme,
      help: openHelp,
      ...this.#shown?.commands,
    };
  }

  async #route() {
    const {name, ids} = routeOf(location.hash);
    this.#leavePage();
    if (name === 'studio') return this.#showStudio();
    try {
      const jobs = await Promise.all(ids.map((id) => this.#jobs.get(id) ?? this.#sync.read(id)));
      if (location.hash.includes(ids.join('/'))) this.#showPage(name, jobs);
    } catch (error) {
      const gone = 'This film is not here: it was deleted, or belongs to someone else.';
      toast(error.status === 404 ? gone : wordsOf(error), {error: true});
      location.hash = '#/';
    }
  }

  #leavePage() {
    const page = document.getElementById('page');
    page.querySelectorAll('video').forEach((video) => { video.pause(); video.removeAttribute('src'); video.load(); });
    page.replaceChildren();
    this.#shown = null;
  }

  #showStudio() {
    document.getElementById('page').hidden = true;
    document.getElementById('studio').hidden = false;
    document.title = 'phonofilm studio';
    scrollTo({top: this.#scrolled, behavior: 'instant'});
  }

  #showPage(name, jobs) {
    const [studio, page] = [document.getElementById('studio'), document.getElementById('page')];
    if (!studio.hidden) this.#scrolled = scrollY;
    const services = {
      client: this.#client,
      media: this.#media,
      jobs: this.#jobs,
      fps: this.#fpsOf(jobs[0]),
      maySubmit: this.#maySubmit,
      again: (job, changes) => this.#again(job, changes),
      keep: this.#takes?.includes('extend') ? (job, request) => this.#takeUp({prompt: job.request.prompt, ...request})
          : null,
      neighbour: (by) => this.#goToNeighbour(jobs[0].id, by),
    };
    this.#shown = name === 'film' ? new FilmPage(jobs[0], services) : new ComparePage(jobs[0], jobs[1], services);
    fill(page, this.#shown.element);
    studio.hidden = true;
    page.hidden = false;
    document.title = `${name === 'film' ? withoutMarks(jobs[0].request.prompt ?? 'film') : 'Comparison'} · phonofilm`;
    scrollTo({top: 0, behavior: 'instant'});
    page.querySelector('h1').focus({preventScroll: true});
  }

  #goToNeighbour(id, by) {
    const films = this.#gallery.films;
    const next = films[films.findIndex((job) => job.id === id) + by];
    if (next) location.hash = `#/film/${next.id}`;
  }

  #fpsOf(job) {
    const models = this.#facts.models;
    const own = models.find((model) => model.id === job.request.model) ?? models.find((model) => model.default);
    return own?.fps ?? kUsualFps;
  }

  #again(job, changes = {}) { this.#takeUp({...againOf(job, this.#facts.schema.inputs), ...changes}); }

  /** Takes a request into the card. The cursor stands in the prompt, and one key more makes the film. */
  #takeUp(request) {
    this.#composer.request = request;
    location.hash = '#/';
    this.#scrolled = 0;
    setTimeout(() => {
      scrollTo({top: 0});
      this.#composer.focus();
    }, 0);
    announce('The settings were taken over.');
  }

  #tellFinished({job, before}) {
    if (before?.state !== 'running' || !job) return;
    const title = withoutMarks(job.request.prompt ?? '');
    if (job.state === 'succeeded') {
      announce(`Finished: ${title}`);
      toast(`Finished: ${title}`, {action: 'Watch', onaction: () => { location.hash = `#/film/${job.id}`; }});
    }
    if (job.state === 'failed') announce(`Failed: ${title}. ${wordsOf(job.failure ?? '')}`);
  }
}

/** A field `model` that names no choices gets the models of the server. */
function withModels(schema, models) {
  const choices = models.map((model) => model.id);
  const usual = models.find((model) => model.default)?.id ?? choices[0];
  const filled = (field) => ({...field, choices, default: field.default || usual});
  const fields = schema.fields.map((field) =>
    (field.name === 'model' && !field.choices?.length && usual ? filled(field) : field));
  return {...schema, fields};
}
