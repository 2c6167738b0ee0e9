// A film in the gallery: its poster, which plays without sound under the mouse or the focus.
import {el, icon} from '../dom/elements.js';
import {ago, withoutMarks} from '../dom/format.js';
import {fileOf, filmOf} from '../state/jobs.js';

const kRestMs = 120;  // a mouse that only passes starts nothing

/**
 * @param {import('../server/types.js').Job} job @param {import('../server/media.js').Media} media
 * @param {{chosen: boolean, onchoose: (chosen: boolean) => void}} comparison
 */
export function posterCard(job, media, {chosen, onchoose}) {
  const title = withoutMarks(job.request.prompt ?? 'film');
  const frame = el('div', {class: 'poster-frame'}, pictureOf(job, media));
  const link = el('a', {class: 'poster', href: `#/film/${job.id}`, 'aria-label': title}, frame);
  playOnRest(link, frame, job, media);
  const box = el('input', {type: 'checkbox', checked: chosen, 'aria-label': `Compare ${title}`});
  box.addEventListener('change', () => onchoose(box.checked));
  const compare = el('label', {class: 'poster-compare', title: 'Compare'}, box, icon('compare'));
  return el('li', {class: 'film-card', 'data-id': job.id}, link, compare,
    el('p', {class: 'film-title', title: job.request.prompt}, title), el('p', {class: 'film-facts'}, factsOf(job)));
}

function factsOf(job) {
  const {seed, steps, model} = job.request;
  const facts = [ago(job.finished_ms ?? job.created_ms, Date.now()), model, steps && `${steps} steps`, seed &&
      `seed ${seed}`];
  return facts.filter(Boolean).join(' · ');
}

function pictureOf(job, media) {
  const poster = fileOf(job, 'poster.png') ?? fileOf(job, 'poster.jpg');
  const none = el('span', {class: 'no-picture'}, icon(/^audio/.test(filmOf(job)?.type) ? 'sound' : 'film'));
  if (!poster) return none;
  const picture = el('img', {alt: '', loading: 'lazy', decoding: 'async'});
  picture.addEventListener('error', () => picture.replaceWith(none));
  media.show(picture, poster.url);
  return picture;
}

function playOnRest(link, frame, job, media) {
  const film = filmOf(job);
  if (!film?.type.startsWith('video/')) return;
  let timer = 0;
  let video = null;
  const start = () => { timer ||= setTimeout(() => { video = play(frame, film.url, media); }, kRestMs); };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    video?.remove();
    video = null;
  };
  link.addEventListener('pointerenter', (event) => { if (event.pointerType === 'mouse') start(); });
  link.addEventListener('focus', start);
  link.addEventListener('pointerleave', stop);
  link.addEventListener('blur', stop);
}

function play(frame, url, media) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return null;
  const video = el('video', {muted: true, loop: true, playsinline: true, 'aria-hidden': 'true', tabindex: '-1'});
  video.muted = true;  // the attribute is the default of the property only for markup
  video.addEventListener('playing', () => video.classList.add('shown'));
  frame.append(video);
  media.show(video, url).then(() => video.play()).catch(() => video.remove());
  return video;
}
