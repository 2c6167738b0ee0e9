// The card in which a film is composed: prompt, files, settings, and the button that asks for it.
import {el, fill, icon, iconButton} from '../dom/elements.js';
import {fieldLabel, plural} from '../dom/format.js';
import {announce, showError, toast, wordsOf} from '../dom/messages.js';
import {settingsInFilm} from '../film/film_settings.js';
import {keepDraft, readDraft} from '../state/draft.js';
import {againOf, submit, takesOf} from '../state/submit.js';
import {Attachments, kindOf, titleOf} from './attachments.js';
import {openBatch} from './batch_dialog.js';
import {DropZones} from './drop_zones.js';
import {settingsOf} from './field_groups.js';
import {PromptField} from './prompt_field.js';
import {recordVoice} from './record_dialog.js';
import {SettingsDrawer} from './settings_drawer.js';

const kMostTakes = 16;

export class Composer {
  #client;
  #jobs;
  #schema;
  /** @type {import('../server/types.js').Job|null} */
  #editing = null;  // the waiting job that is being changed
  #parts;

  /**
   * @param {{client: import('../server/client.js').Client, jobs: import('../state/jobs.js').Jobs,
   *          schema: import('../server/types.js').Schema, takes: string[]|undefined, maxPrompt: number,
   *          maySubmit: boolean}} options  takes: names of the inputs that the model can be given; all where not known
   */
  constructor({client, jobs, schema, takes, maxPrompt, maySubmit}) {
    this.#client = client;
    this.#jobs = jobs;
    this.#schema = schema;
    this.prompt = new PromptField(maxPrompt);
    this.settings = new SettingsDrawer(settingsOf(schema), schema.groups ?? []);
    this.attachments = new Attachments(client, schema.inputs.filter(({name}) => takes?.includes(name) ?? true));
    this.drops = new DropZones(this.attachments, (file, input) => this.#takeOther(file, input));
    this.#parts = this.#makeParts(maySubmit);
    for (const part of [this.prompt, this.settings, this.attachments]) {
      part.addEventListener('change', () => this.#changed());
    }
    this.request = readDraft() ?? {};
  }

  /** @returns {Node[]} what the card holds */
  get elements() { return this.#parts.all; }

  /** What would be asked for now. @returns {Object<string, any>} */
  get request() {
    const prompt = this.prompt.value;
    return {...(prompt && {prompt}), ...this.settings.values, ...this.attachments.values};
  }

  /** Takes up an earlier request: "again with these settings". */
  set request(request) {
    this.prompt.value = String(request.prompt ?? '');
    this.settings.values = request;
    this.attachments.values = request;
  }

  focus() { this.prompt.focus(); }

  toggleSettings() {
    this.settings.element.hidden = !this.settings.element.hidden;
    this.#parts.settingsButton.setAttribute('aria-expanded', String(!this.settings.element.hidden));
  }

  /** @param {File|null} file a list that was dropped */
  openBatch(file = null) { openBatch(this.#client, this.#schema.fields, this.#jobs, file); }

  /** Changes a waiting job instead of asking for a new one. @param {import('../server/types.js').Job} job */
  edit(job) {
    this.#editing = job;
    this.request = againOf(job, this.#schema.inputs);
    this.#showMode();
    this.focus();
  }

  /** Asks for the films; problems are shown where they arise. */
  async make() {
    showError(this.#parts.error, null);
    if (!this.#fits()) return;
    this.#parts.make.disabled = true;
    try {
      await (this.#editing ? this.#change() : this.#submitTakes());
    } catch (error) {
      this.#showProblem(error);
    } finally {
      this.#parts.make.disabled = false;
    }
  }

  #fits() {
    if (!this.prompt.check() || !this.settings.check()) return false;
    const {busy, failed} = this.attachments;
    if (busy) showError(this.#parts.error, 'A file is still being uploaded: wait a moment.');
    else if (failed.length) showError(this.#parts.error, `Remove what could not be uploaded: ${failed.join(', ')}.`);
    return !busy && !failed.length;
  }

  async #submitTakes() {
    const requests = takesOf(this.request, Number(this.#parts.takes.value) || 1);
    for (const request of requests) await this.#jobs.answered(submit(this.#client, request));
    announce(`${plural(requests.length, 'film')} queued.`);
  }

  /** The files that the job was given stay with it, under the names that they have there. */
  async #change() {
    const {id, request: before} = this.#editing;
    const request = {...this.request};
    for (const {name} of this.#schema.inputs) request[name] = before[name];
    await this.#jobs.answered(this.#client.send('PATCH', `/api/v1/jobs/${id}`, {request}));
    this.#leaveEditing();
    toast('The waiting film was changed.');
  }

  #leaveEditing() {
    this.#editing = null;
    this.#showMode();
  }

  #giveUpEditing() {
    this.#leaveEditing();
    this.request = {};
  }

  /** Beside the field that the server names, or else under the card. */
  #showProblem(error) {
    const words = wordsOf(error);
    if (error.param === 'prompt') this.prompt.check(words);
    else if (!(error.param && this.settings.showProblem(error.param, words))) showError(this.#parts.error, error);
  }

  /**
   * Films that know how they were made, lists of films, and other films, which the input that takes such is given.
   * @param {File} file @param {import('../server/types.js').Input|null} input
   */
  async #takeOther(file, input) {
    const settings = /\.(mp4|mov|m4a)$/i.test(file.name) && settingsInFilm(await file.arrayBuffer());
    if (settings) {
      this.request = settings;
      toast(`The settings of ${file.name} were taken over.`);
    } else if (/\.(csv|tsv|jsonl|txt)$/i.test(file.name)) this.openBatch(file);
    else if (input) this.attachments.add(input, file);
    else toast(`Nothing here takes ${file.name}.`, {error: true});
  }

  #changed() {
    if (!this.#parts) return;
    const {settingsButton, count, chips} = this.#parts;
    const changed = this.settings.values;
    settingsButton.setAttribute('aria-expanded', String(!this.settings.element.hidden));
    count.textContent = Object.keys(changed).length || '';
    fill(chips, Object.entries(changed).map(([name, value]) => this.#chip(name, value)));
    if (!this.#editing) keepDraft(this.request);
  }

  #chip(name, value) {
    const text = `${fieldLabel(name)}: ${value}`;
    const attributes = {type: 'button', class: 'chip', title: 'Back to the default',
                        'aria-label': `${text}. Back to the default`};
    return el('li', {}, el('button', {...attributes, onclick: () => this.settings.reset(name)},
      el('span', {}, text), icon('close')));
  }

  #showMode() {
    const {makeLabel, takesLabel, mode} = this.#parts;
    makeLabel.textContent = this.#editing ? 'Save changes' : 'Make film';
    takesLabel.hidden = this.#editing !== null;
    mode.hidden = this.#editing === null;
  }

  #makeParts(maySubmit) {
    const count = el('span', {class: 'badge'});
    const settingsButton = el('button', {type: 'button', class: 'tool', 'aria-expanded': 'false',
                                         'aria-controls': 'settings', onclick: () => this.toggleSettings()},
      icon('settings'), el('span', {}, 'Settings'), count);
    const takes = el('input', {type: 'number', id: 'takes', min: 1, max: kMostTakes, value: 1, inputmode: 'numeric'});
    const takesLabel = el('label', {class: 'takes', title: 'Films with consecutive seeds'},
      el('span', {}, 'Takes'), takes);
    const makeLabel = el('span', {}, 'Make film');
    const make = el('button', {type: 'button', id: 'make', class: 'primary', disabled: !maySubmit, title: 'Ctrl+Enter',
                               onclick: () => this.make()}, makeLabel);
    const mode = el('p', {class: 'mode', hidden: true},
      'You are changing a film that waits; its files stay as they are. ',
      el('button', {type: 'button', class: 'link', onclick: () => this.#giveUpEditing()}, 'Leave it as it was'));
    const chips = el('ul', {class: 'chips', 'aria-label': 'Changed settings'});
    const error = el('div', {hidden: true});
    const foot = el('div', {class: 'compose-foot'}, el('div', {class: 'tools'}, this.#tools(), settingsButton),
      el('div', {class: 'make-row'}, takesLabel, make));
    const note = maySubmit ? null : el('p', {class: 'notice'}, 'Your key may look at films, not make them.');
    const all = [mode, this.prompt.element, this.drops.element, this.attachments.element, chips, error, foot, note,
        this.settings.element];
    return {all, count, settingsButton, takes, takesLabel, makeLabel, make, mode, chips, error};
  }

  #tools() {
    const tool = (name, label, hint, onclick) =>
      el('button', {type: 'button', class: 'tool', title: hint, onclick}, icon(name), el('span', {}, label));
    const icons = {image: 'image', audio: 'voice', video: 'film'};
    return [
      tool('speech', 'Speech', 'Mark the selected words as spoken', () => this.prompt.speech()),
      this.attachments.inputs.map((input) => [
        tool(icons[kindOf(input)] ?? 'add', titleOf(input), input.help, () => this.attachments.choose(input)),
        kindOf(input) === 'audio' && iconButton('mic', `Record: ${titleOf(input)}`, () => this.#record(input)),
      ]),
      tool('list', 'List', 'Films from a CSV or JSON lines file', () => this.openBatch()),
    ];
  }

  async #record(input) {
    const file = await recordVoice(titleOf(input));
    if (file) this.attachments.add(input, file);
  }
}
