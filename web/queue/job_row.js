// One job in the queue: what it is, how far it is, what one can do with it.
import {el, fill, icon, iconButton, setText} from '../dom/elements.js';
import {timeLeft, withoutMarks} from '../dom/format.js';
import {wordsOf} from '../dom/messages.js';

/** @typedef {import('../server/types.js').Job} Job */

const kStages = {load: 'loading the model', encode: 'reading the prompt', denoise: 'denoising', decode: 'decoding',
    save: 'writing the film',
                 write: 'writing the film'};

/** How far a running job is, in words. @param {Job} job */
export function progressWords({progress}) {
  if (!progress || !progress.stage) return 'starting';
  const stage = kStages[progress.stage] ?? progress.stage;
  const step = progress.steps ? `, step ${progress.step} of ${progress.steps}` : '';
  return `${stage}${step}${progress.eta_ms === null ? '' : ` · ${timeLeft(progress.eta_ms)}`}`;
}

/**
 * @typedef {{cancel: (job: Job) => void, move: (job: Job, by: number) => void, edit: (job: Job) => void, again: (job:
 * Job) => void,
 *            remove: (job: Job) => void, mayChange: boolean}} Actions
 */

/** A job that runs: progress and, once there is one, the preview. */
export class RunningRow {
  #media;
  #shown = new Map();  // preview file -> the picture in the page
  #words = el('p', {class: 'job-progress'});
  #bar = el('progress', {class: 'bar', max: 1, 'aria-label': 'Progress'});
  #preview = el('div', {class: 'preview', hidden: true});

  /** @param {Job} job @param {Actions} actions @param {import('../server/media.js').Media} media */
  constructor(job, actions, media) {
    this.#media = media;
    const head = el('div', {class: 'job-head'}, el('p', {class: 'job-prompt', title: job.request.prompt},
        withoutMarks(job.request.prompt ?? '')),
      actions.mayChange && iconButton('close', 'Cancel this film', () => actions.cancel(job)));
    this.element = el('li', {class: 'job running', 'data-id': job.id}, head, this.#preview, this.#bar, this.#words);
    this.update(job);
  }

  /** @param {Job} job */
  update(job) {
    setText(this.#words, progressWords(job));
    const {step = 0, steps = 0} = job.progress ?? {};
    if (steps) this.#bar.value = step / steps;
    else this.#bar.removeAttribute('value');
    if (job.preview) job.preview.files.forEach((file) => this.#show(file, job.preview.sequence));
  }

  /** The next version of a picture takes its place when it is loaded, so that nothing flickers. */
  #show(file, sequence) {
    if (this.#shown.get(file.name)?.sequence === sequence) return;
    const sound = /sound|spectrogram/.test(file.name);
    const picture = el('img', {class: sound ? 'preview-sound' : 'preview-picture',
        alt: sound ? 'Spectrogram of the sound so far' : 'The picture so far'});
    const before = this.#shown.get(file.name)?.picture;
    this.#shown.set(file.name, {sequence, picture});
    picture.addEventListener('load', () => {
      this.#preview.hidden = false;
      if (before?.isConnected) before.replaceWith(picture);
      else if (sound) this.#preview.append(picture);
      else this.#preview.prepend(picture);
    });
    picture.addEventListener('error', () => this.#shown.set(file.name, {sequence: 0, picture: before}));
    this.#media.show(picture, `${file.url}?v=${sequence}`);
  }
}

/**
 * A job that waits: its place, and what changes it.
 * @param {Job} job
 * @param {number} place from 1
 * @param {Actions} actions
 */
export function waitingRow(job, place, last, actions) {
  const buttons = actions.mayChange ? [
    iconButton('up', 'Earlier', () => actions.move(job, -1), {disabled: place === 1}),
    iconButton('down', 'Later', () => actions.move(job, 1), {disabled: place === last}),
    iconButton('edit', 'Change', () => actions.edit(job)),
    iconButton('close', 'Cancel this film', () => actions.cancel(job)),
  ] : [];
  const grip = actions.mayChange && el('span', {class: 'grip', title: 'Drag to another place', 'aria-hidden': 'true'},
      icon('grip'));
  return el('li', {class: 'job waiting', 'data-id': job.id}, grip, el('span', {class: 'place'}, String(place)),
    el('p', {class: 'job-prompt', title: job.request.prompt}, withoutMarks(job.request.prompt ?? '')),
    el('div', {class: 'job-buttons'}, buttons));
}

/** A job that ended without a film, with the reason. @param {Job} job @param {Actions} actions */
export function endedRow(job, actions) {
  const why = job.state === 'cancelled' ? 'Cancelled.' : wordsOf(job.failure ?? 'It failed without a reason.');
  return el('li', {class: `job ended ${job.state}`, 'data-id': job.id},
    el('p', {class: 'job-prompt', title: job.request.prompt}, withoutMarks(job.request.prompt ?? '')),
    el('p', {class: 'job-reason'}, job.state === 'failed' && icon('warning'), why),
    actions.mayChange && el('div', {class: 'job-buttons'}, iconButton('again', 'Again with these settings',
        () => actions.again(job)),
      iconButton('trash', 'Remove', () => actions.remove(job))));
}
