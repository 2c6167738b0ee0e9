// Where the page begins: theme, key, what the server is, and then the studio.
import {Client} from './server/client.js';
import {askForKey} from './app/key_dialog.js';
import {Studio} from './app/studio.js';
import {el, fill, icon} from './dom/elements.js';
import {wordsOf} from './dom/messages.js';
import {restoreTheme} from './dom/theme.js';

/** What the server says of itself; asks for a key as often as it wants one. */
async function factsOf(client) {
  for (;;) {
    try {
      const [capabilities, schema, {models}, limits] = await Promise.all(
        ['capabilities', 'schema', 'models', 'limits'].map((name) => client.get(`/api/v1/${name}`)));
      return {capabilities, schema, models, limits};
    } catch (error) {
      if (error.status !== 401) throw error;
      client.useKey(await askForKey(client.hasKey));
    }
  }
}

/** A server that cannot be reached at the start is tried again by hand. */
function showFailure(error) {
  const banner = document.getElementById('banner');
  fill(banner, icon('warning'), el('p', {}, wordsOf(error)),
    el('button', {type: 'button', class: 'quiet', onclick: () => location.reload()}, 'Try again'));
  banner.hidden = false;
}

async function start() {
  restoreTheme();
  const client = new Client();
  try {
    await new Studio(client, await factsOf(client)).start();
  } catch (error) {
    showFailure(error);
  }
}

start();
