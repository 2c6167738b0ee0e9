// The time line under a film: strikes and their sounds, waveform, spectrogram, and where the film is now.
import {el} from '../dom/elements.js';
import {offset as offsetWords} from '../dom/format.js';
import {gradeOf} from './figures.js';
import {peaks, spectrogram} from './fourier.js';

const kQuietest = -80;  // dB that is drawn as silence

/** Event: 'seek' with detail seconds. */
export class Timeline extends EventTarget {
  #seconds = 0;
  #sound = null;
  #wave = el('canvas', {class: 'wave', role: 'img', 'aria-label': 'Waveform of the sound'});
  #spectrum = el('canvas', {class: 'spectrum', role: 'img',
      'aria-label': 'Spectrogram of the sound, low tones at the bottom'});
  #marks = el('ol', {class: 'marks', 'aria-label': 'Strikes, and how late their sound is', hidden: true});
  #head = el('div', {class: 'playhead'});

  constructor() {
    super();
    this.lanes = el('div', {class: 'lanes'}, this.#marks, this.#wave, this.#spectrum, this.#head);
    this.element = el('div', {class: 'timeline'}, this.lanes);
    this.lanes.addEventListener('pointerdown', (event) => this.#drag(event));
    new ResizeObserver(() => this.#draw()).observe(this.lanes);
    document.addEventListener('themechange', () => this.#draw());
  }

  /**
   * @param {{samples: Float32Array, rate: number, seconds: number}|null} sound
   * @param {import('./figures.js').Strike[]} strikes @param {number} seconds that the film lasts
   */
  show(sound, strikes, seconds) {
    this.#sound = sound;
    this.#seconds = seconds;
    this.element.classList.toggle('silent', sound === null);
    this.#marks.hidden = strikes.length === 0;
    this.#marks.replaceChildren(...strikes.map((strike) => this.#mark(strike)));
    this.#draw();
  }

  /** @param {number} time seconds */
  at(time) { this.#place(this.#head, time); }

  #place(node, time) { node.style.setProperty('--at', `${100 * Math.min(1, time / (this.#seconds || 1))}%`); }

  /** A strike: its line, and a second one where its sound begins. */
  #mark({time, offset, label}) {
    const words = offset === null ? 'not heard' : offsetWords(offset);
    const mark = el('li', {class: `mark ${gradeOf(offset)}`}, el('span', {class: 'mark-line mark-seen'}),
      offset !== null && el('span', {class: 'mark-line mark-heard'}),
      el('button', {type: 'button', class: 'mark-label',
          title: `Strike at ${time.toFixed(3)} s${label ? ` (${label})` : ''}: sound ${words}`,
                    onclick: () => this.#seek(time)},
        words.replace(/ ms$/, ''), / ms$/.test(words) && el('span', {class: 'unit'}, ' ms')));
    this.#place(mark, time);
    const heard = mark.querySelector('.mark-heard');
    if (heard) this.#place(heard, time + offset / 1000);
    return mark;
  }

  #seek(time) { this.dispatchEvent(new CustomEvent('seek', {detail: Math.max(0, Math.min(this.#seconds, time))})); }

  #drag(event) {
    if (event.target.closest('button')) return;
    const seek = ({clientX}) => {
      const box = this.lanes.getBoundingClientRect();
      this.#seek((clientX - box.left) / box.width * this.#seconds);
    };
    this.lanes.setPointerCapture(event.pointerId);
    seek(event);
    this.lanes.addEventListener('pointermove', seek);
    const end = () => this.lanes.removeEventListener('pointermove', seek);
    this.lanes.addEventListener('pointerup', end, {once: true});
    this.lanes.addEventListener('pointercancel', end, {once: true});
  }

  #draw() {
    if (!this.#sound || !this.lanes.clientWidth) return;
    // The sound may be longer than the picture by a part of a codec's frame: both are drawn on the film's clock.
    const count = Math.round(this.#seconds * this.#sound.rate);
    const samples = this.#sound.samples.subarray(0, count);
    const filled = samples.length === count ? samples : Float32Array.from({length: count}, (_, i) => samples[i] ?? 0);
    drawWave(this.#wave, filled);
    drawSpectrum(this.#spectrum, filled, this.#sound.rate);
  }
}

/**
 * Fits a canvas to its place on the screen.
 * @returns {{context: CanvasRenderingContext2D, width: number, height: number}} in pixels
 */
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  canvas.width = width;
  canvas.height = height;
  return {context: canvas.getContext('2d'), width, height};
}

function drawWave(canvas, samples) {
  const {context, width, height} = prepare(canvas);
  const {low, high} = peaks(samples, width);
  const loudest = Math.max(0.05, ...high, ...low.map((value) => -value));
  context.fillStyle = getComputedStyle(canvas).color;
  for (let x = 0; x < width; ++x) {
    const top = height / 2 * (1 - high[x] / loudest * 0.92);
    const bottom = height / 2 * (1 - low[x] / loudest * 0.92);
    context.fillRect(x, top, 1, Math.max(1, bottom - top));
  }
}

function drawSpectrum(canvas, samples, rate) {
  const {context, width, height} = prepare(canvas);
  const [columns, bands] = [Math.min(width, 720), 96];
  const levels = spectrogram(samples, rate, {columns, bands});
  const picture = context.createImageData(columns, bands);
  for (let column = 0; column < columns; ++column) {
    for (let band = 0; band < bands; ++band) {
      const level = Math.max(0, Math.min(1, 1 - levels[column * bands + band] / kQuietest));
      picture.data.set(heat(level), 4 * ((bands - 1 - band) * columns + column));
    }
  }
  const small = new OffscreenCanvas(columns, bands);
  small.getContext('2d').putImageData(picture, 0, 0);
  context.drawImage(small, 0, 0, width, height);
}

// From night over teal to amber and white, brighter with every step.
const HEAT = [[12, 13, 18], [16, 46, 58], [23, 104, 104], [110, 165, 116], [245, 185, 95], [255, 244, 222]];

/** @param {number} level 0 to 1 @returns {number[]} red, green, blue, alpha */
function heat(level) {
  const place = level * (HEAT.length - 1);
  const i = Math.min(Math.floor(place), HEAT.length - 2);
  return [...HEAT[i].map((from, c) => from + (HEAT[i + 1][c] - from) * (place - i)), 255];
}
