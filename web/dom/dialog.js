// Modal dialogs: the browser's own <dialog>, which keeps the focus inside and closes on Escape.
import {el, iconButton, uniqueId} from './elements.js';

/**
 * Opens a dialog and removes it from the page when it closes.
 * @param {string} title
 * @param {(close: (result?: string) => void) => (Node|Array)} build
 * @param {{wide?: boolean}} options
 * @returns {Promise<string>} what it was closed with; '' for Escape
 */
export function openDialog(title, build, {wide = false} = {}) {
  const titleId = uniqueId('dialog');
  const dialog = el('dialog', {class: wide ? 'dialog wide' : 'dialog', 'aria-labelledby': titleId});
  const close = (result = '') => dialog.close(result);
  dialog.append(
    el('header', {class: 'dialog-head'}, el('h2', {id: titleId}, title), iconButton('close', 'Close', () => close())),
    ...[build(close)].flat());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) close(); });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(dialog.returnValue);
  }));
}

/** Asks before something that cannot be undone. @returns {Promise<boolean>} */
export async function confirmDialog(title, text, action) {
  const answer = await openDialog(title, (close) => [
    el('p', {}, text),
    el('div', {class: 'dialog-foot'},
      el('button', {type: 'button', class: 'quiet', onclick: () => close()}, 'Keep'),
      el('button', {type: 'button', class: 'danger', onclick: () => close('yes')}, action)),
  ]);
  return answer === 'yes';
}
