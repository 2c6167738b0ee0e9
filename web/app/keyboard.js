// Keys: one table for what they do and for the dialog that lists them.
import {el} from '../dom/elements.js';
import {openDialog} from '../dom/dialog.js';

// where: 'studio', 'film' (also the comparison) or 'everywhere'; keys as KeyboardEvent.key has them.
const KEYS = [
  {keys: ['n'], command: 'compose', where: 'everywhere', words: 'Write a new film'},
  {keys: ['Ctrl+Enter'], command: 'make', where: 'everywhere', words: 'Make the film'},
  {keys: ['s'], command: 'settings', where: 'studio', words: 'Open or close the settings'},
  {keys: ['b'], command: 'batch', where: 'studio', words: 'Films from a list'},
  {keys: ['/'], command: 'search', where: 'everywhere', words: 'Search films'},
  {keys: [' ', 'k'], command: 'play', where: 'film', words: 'Play or pause'},
  {keys: ['ArrowLeft', ','], command: 'back', where: 'film', words: 'One frame back'},
  {keys: ['ArrowRight', '.'], command: 'forth', where: 'film', words: 'One frame on'},
  {keys: ['Home'], command: 'start', where: 'film', words: 'To the beginning'},
  {keys: ['l'], command: 'loop', where: 'film', words: 'Loop'},
  {keys: ['m'], command: 'mute', where: 'film', words: 'Sound off or on'},
  {keys: ['['], command: 'previousFilm', where: 'film', words: 'Newer film'},
  {keys: [']'], command: 'nextFilm', where: 'film', words: 'Older film'},
  {keys: ['a'], command: 'again', where: 'film', words: 'Again with these settings'},
  {keys: ['d'], command: 'download', where: 'film', words: 'Download'},
  {keys: ['Escape'], command: 'leave', where: 'film', words: 'Back to the studio'},
  {keys: ['t'], command: 'theme', where: 'everywhere', words: 'Dark or light'},
  {keys: ['?'], command: 'help', where: 'everywhere', words: 'This list'},
];

const kNames = {' ': 'Space', ArrowLeft: '←', ArrowRight: '→'};

/** Whether keys are text where the focus is. */
function isWriting(target) {
  return target.closest?.('textarea, select, input:not([type=checkbox], [type=radio], [type=range])') !== null;
}

function keyOf(event) {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Ctrl+${name}` : name;
}

/** What the focused control does itself with a key. */
function belongsToControl({key, target}) {
  if (key === ' ') return target.closest?.('button, a, input, summary, label') !== null;
  return key.startsWith('Arrow') && target.closest?.('input') !== null;
}

/**
 * @param {() => 'studio'|'film'} place what is shown now
 * @param {() => Object<string, () => void>} commands what can be done now, by name
 */
export function listenToKeys(place, commands) {
  document.addEventListener('keydown', (event) => {
    const key = keyOf(event);
    if (event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return;
    if (isWriting(event.target) ? key !== 'Ctrl+Enter' : belongsToControl(event)) return;
    const entry = KEYS.find(({keys, where}) => keys.includes(key) && (where === 'everywhere' || where === place()));
    const command = entry && commands()[entry.command];
    if (!command) return;
    event.preventDefault();
    command();
  });
}

/** The list of keys. */
export function openHelp() {
  const section = (title, where) => el('section', {}, el('h3', {}, title),
      el('dl', {class: 'keys'}, KEYS.filter((entry) => entry.where === where)
    .map(({keys, words}) => [el('dt', {}, keys.map((key) => el('kbd', {}, kNames[key] ?? key))), el('dd', {},
        words)])));
  return openDialog('Keys', () => el('div', {class: 'help'},
    section('Everywhere', 'everywhere'), section('Studio', 'studio'), section('Film', 'film'),
    el('p', {class: 'hint'},
        'Words between <S> and <E> are spoken. In the search, seed:7 finds a setting and -word leaves films out.')));
}
