// Whether the server can be reached, shown in words; and a button for the impatient.
import {el, fill, icon, setText} from '../dom/elements.js';

/** @param {import('../state/sync.js').Sync} sync */
export function showConnection(sync) {
  const [light, banner] = [document.getElementById('connection'), document.getElementById('banner')];
  let timer = 0;
  sync.addEventListener('online', () => {
    clearInterval(timer);
    banner.hidden = true;
    light.className = 'connection on';
    setText(light, 'Connected');
  });
  sync.addEventListener('offline', ({detail: {waitMs}}) => {
    clearInterval(timer);
    light.className = 'connection off';
    setText(light, 'Offline');
    timer = countDown(banner, waitMs, () => sync.dispatchEvent(new Event('retry')));
  });
}

/**
 * Says that the server takes the key no longer, or wants one from now on, and asks for it.
 * @param {import('../server/client.js').Client} client @param {() => void} forget
 */
export function showRefusedKey(client, forget) {
  client.addEventListener('unauthorized', () => {
    const [light, banner] = [document.getElementById('connection'), document.getElementById('banner')];
    const [words, action] = client.hasKey ? ['The server does not take this key any more.', 'Use another key']
        : ['The server asks for a key.', 'Give a key'];
    light.className = 'connection off';
    setText(light, client.hasKey ? 'Key refused' : 'Key wanted');
    fill(banner, icon('warning'), el('p', {}, words),
      el('button', {type: 'button', class: 'quiet', onclick: forget}, action));
    banner.hidden = false;
  });
}

function countDown(banner, waitMs, retry) {
  const end = Date.now() + waitMs;
  const left = el('span', {});
  const tick = () => setText(left, `The next try is in ${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s. `);
  // A pause of a second is over before it is read: the banner is for longer ones.
  if (waitMs < 2000) return 0;
  fill(banner, icon('warning'), el('p', {}, 'The server cannot be reached. What you see may be out of date. ', left),
    el('button', {type: 'button', class: 'quiet', onclick: retry}, 'Try now'));
  banner.hidden = false;
  tick();
  return setInterval(tick, 1000);
}
