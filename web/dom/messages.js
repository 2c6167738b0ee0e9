// What the page says in passing: a line for screen readers, and small notes that go away.
import {el, fill, iconButton} from './elements.js';

const kToastMs = 6000;

/** Says something to screen readers alone. @param {string} text */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/**
 * A note at the edge of the page; it stays while it is read (hover, focus).
 * @param {string} text
 * @param {{action?: string, onaction?: () => void, error?: boolean}} options
 */
export function toast(text, {action, onaction, error = false} = {}) {
  const note = el('div', {class: error ? 'toast error' : 'toast'}, el('p', {}, text));
  const close = () => note.remove();
  if (action) note.append(el('button', {type: 'button', class: 'link', onclick: () => { close(); onaction(); }},
      action));
  note.append(iconButton('close', 'Close this note', close));
  document.getElementById('toasts').append(note);
  const leave = () => (note.matches(':hover, :focus-within') ? setTimeout(leave, 1000) : close());
  setTimeout(leave, error ? 2 * kToastMs : kToastMs);
}

/**
 * Shows an error's words in their place, or clears the place.
 * @param {HTMLElement} place
 * @param {Error|string|null} error
 */
export function showError(place, error) {
  place.hidden = !error;
  fill(place, error ? el('p', {class: 'problem', role: 'alert'}, wordsOf(error)) : null);
}

/** The words of an error for people: without the name of the operation in brackets. @param {Error|string} error */
export function wordsOf(error) {
  const text = typeof error === 'string' ? error : error.message;
  const words = text.replace(/^\[[^\]]*\]\s*(request: )?/, '');
  return words ? words[0].toUpperCase() + words.slice(1) : 'Something went wrong.';
}
