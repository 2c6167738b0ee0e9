// The dialog in which a voice is recorded.
import {el, icon} from '../dom/elements.js';
import {openDialog} from '../dom/dialog.js';
import {showError} from '../dom/messages.js';
import {kLongestSeconds, Recorder} from './recorder.js';

/** @param {string} what is recorded, for the title @returns {Promise<File|null>} null when it was given up */
export async function recordVoice(what) {
  let file = null;
  let recorder = null;
  await openDialog(`Record: ${what}`, (close) => {
    const parts = makeParts();
    const finish = async () => {
      file = new File([await recorder.stop()], 'recording.wav', {type: 'audio/wav'});
      close('done');
    };
    recorder = new Recorder((level, seconds) => {
      parts.level.value = level;
      parts.time.textContent = `${seconds.toFixed(1)} s`;
      if (seconds >= kLongestSeconds) finish();
    });
    parts.button.addEventListener('click', () => (parts.recording() ? finish() : start(recorder, parts)));
    return parts.all;
  });
  recorder.cancel();
  return file;
}

function makeParts() {
  const level = el('meter', {class: 'level', min: 0, max: 1, value: 0, 'aria-label': 'Level'});
  const time = el('output', {class: 'record-time'}, '0.0 s');
  const label = el('span', {}, 'Start recording');
  const button = el('button', {type: 'button', class: 'primary record', 'aria-pressed': 'false'}, icon('mic'), label);
  const error = el('div', {hidden: true});
  const hint = el('p', {class: 'hint'},
    `Two to ten seconds of clear speech are best, ${kLongestSeconds} at most. Nothing is sent before you stop.`);
  const recording = () => button.getAttribute('aria-pressed') === 'true';
  return {all: [hint, el('div', {class: 'record-row'}, button, level, time), error], level, time, label, button, error,
      recording};
}

async function start(recorder, parts) {
  showError(parts.error, null);
  try {
    await recorder.start();
    parts.button.setAttribute('aria-pressed', 'true');
    parts.label.textContent = 'Stop and use';
  } catch (error) {
    showError(parts.error, error);
  }
}
