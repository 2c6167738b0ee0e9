// What plays one film, or two in step: buttons, place, speed, loop, loudness.
import {el, fill, icon, iconButton} from '../dom/elements.js';
import {clock} from '../dom/format.js';

const kSpeeds = [0.1, 0.25, 0.5, 1, 2];
const kMostApart = 0.04;  // seconds that two films may drift before the second is set right

/** Event: 'time' with detail seconds, whenever the place changed. */
export class Transport extends EventTarget {
  #videos;
  #frame;
  #parts;
  #following = 0;

  /** @param {HTMLMediaElement[]} videos the first one leads @param {number} fps for steps of a frame */
  constructor(videos, fps) {
    super();
    this.#videos = videos;
    this.#frame = 1 / fps;
    this.#parts = this.#makeParts();
    this.element = el('div', {class: 'transport', role: 'group', 'aria-label': 'Playback'}, this.#parts.all);
    for (const video of videos) video.loop = true;
    const lead = videos[0];
    for (const name of ['play', 'pause', 'ended']) lead.addEventListener(name, () => this.#playing());
    const moves = ['loadedmetadata', 'durationchange', 'seeked', 'timeupdate'];
    for (const name of moves) lead.addEventListener(name, () => this.#moved());
    lead.addEventListener('seeking', () => this.#align(0));
  }

  /** What keys do (app/keyboard.js). */
  get commands() {
    return {play: () => this.toggle(), back: () => this.step(-1), forth: () => this.step(1), start: () => this.seek(0),
            loop: () => this.toggleLoop(), mute: () => this.toggleMute()};
  }

  get time() { return this.#videos[0].currentTime; }

  get duration() { return Number.isFinite(this.#videos[0].duration) ? this.#videos[0].duration : 0; }

  toggle() {
    if (!this.#videos[0].paused) return this.#videos.forEach((video) => video.pause());
    this.#align(0);
    for (const video of this.#videos) video.play().catch(() => this.#playing());
  }

  /** @param {number} time seconds */
  seek(time) {
    const place = Math.max(0, Math.min(this.duration, time));
    for (const video of this.#videos) video.currentTime = Math.min(place, video.duration || place);
  }

  /** @param {number} frames */
  step(frames) {
    this.#videos.forEach((video) => video.pause());
    // Half a frame behind its beginning, so that rounding cannot show its neighbour.
    this.seek((Math.floor(this.time / this.#frame + 1e-3) + frames + 0.5) * this.#frame);
  }

  toggleLoop() {
    const loop = !this.#videos[0].loop;
    for (const video of this.#videos) video.loop = loop;
    this.#parts.loop.setAttribute('aria-pressed', String(loop));
  }

  toggleMute() { this.setAudible(this.#videos.every((video) => video.muted) ? this.#lastAudible : -1); }

  #lastAudible = 0;

  /** @param {number} index of the film that is heard; -1: none */
  setAudible(index) {
    if (index >= 0) this.#lastAudible = index;
    this.#videos.forEach((video, i) => { video.muted = i !== index; });
    fill(this.#parts.mute, icon(index < 0 ? 'mute' : 'sound'));
    this.#parts.mute.setAttribute('aria-pressed', String(index < 0));
  }

  #align(apart = kMostApart) {
    const [lead, ...others] = this.#videos;
    for (const video of others) {
      const place = Math.min(lead.currentTime, video.duration || Infinity);
      if (Math.abs(video.currentTime - place) > apart) video.currentTime = place;
    }
  }

  #playing() {
    const paused = this.#videos[0].paused;
    fill(this.#parts.play, icon(paused ? 'play' : 'pause'));
    this.#parts.play.setAttribute('aria-label', paused ? 'Play' : 'Pause');
    cancelAnimationFrame(this.#following);
    if (!paused) this.#follow();
    else this.#videos.slice(1).forEach((video) => video.pause());
  }

  #follow() {
    this.#moved();
    this.#align();
    if (this.element.isConnected) this.#following = requestAnimationFrame(() => this.#follow());
  }

  #moved() {
    const {place, clockText} = this.#parts;
    place.max = String(this.duration || 1);
    place.value = String(this.time);
    place.setAttribute('aria-valuetext', `${this.time.toFixed(2)} of ${this.duration.toFixed(2)} seconds`);
    clockText.textContent = `${clock(this.time)} / ${clock(this.duration)}`;
    this.dispatchEvent(new CustomEvent('time', {detail: this.time}));
  }

  #makeParts() {
    const play = iconButton('play', 'Play', () => this.toggle(), {class: 'icon-button play'});
    const back = iconButton('back', 'One frame back', () => this.step(-1));
    const forth = iconButton('next', 'One frame on', () => this.step(1));
    const place = el('input', {type: 'range', class: 'place-slider', min: 0, max: 1, step: 'any', value: 0,
                               'aria-label': 'Place in the film'});
    place.addEventListener('input', () => this.seek(Number(place.value)));
    const clockText = el('output', {class: 'clock'}, clock(0));
    const speed = el('select', {'aria-label': 'Speed'},
      kSpeeds.map((value) => el('option', {value, selected: value === 1}, `${value}×`)));
    speed.addEventListener('change', () => {
      for (const video of this.#videos) video.playbackRate = Number(speed.value);
    });
    const loop = iconButton('loop', 'Loop', () => this.toggleLoop(), {'aria-pressed': 'true'});
    const mute = iconButton('sound', 'Mute', () => this.toggleMute(), {'aria-pressed': 'false'});
    return {all: [play, back, forth, place, clockText, speed, loop, mute], play, place, clockText, loop, mute};
  }
}
