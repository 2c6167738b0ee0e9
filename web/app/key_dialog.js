// Asking for the key of a server that wants one.
import {el} from '../dom/elements.js';
import {openDialog} from '../dom/dialog.js';

/** @param {boolean} refused whether a key was tried already @returns {Promise<string>} '' when none was given */
export async function askForKey(refused) {
  const input = el('input', {type: 'password', id: 'key', autocomplete: 'off', required: true, autofocus: true});
  const answer = await openDialog('This server asks for a key', (close) => el('form', {onsubmit: (event) => {
    event.preventDefault();
    close('given');
  }},
  refused && el('p', {class: 'problem', role: 'alert'},
      'The server does not take this key: it is wrong, has expired or was revoked.'),
  el('label', {for: 'key'}, 'Key'), input,
  el('p', {class: 'hint'}, 'It is kept until this tab is closed.'),
  el('div', {class: 'dialog-foot'}, el('button', {type: 'submit', class: 'primary'}, 'Use this key'))));
  return answer === 'given' ? input.value.trim() : '';
}
