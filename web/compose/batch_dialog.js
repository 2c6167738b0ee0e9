// Films from a list: what is wrong is said line by line before anything is asked for.
import {el, fill, icon} from '../dom/elements.js';
import {openDialog} from '../dom/dialog.js';
import {plural} from '../dom/format.js';
import {wordsOf} from '../dom/messages.js';
import {newKey, submit} from '../state/submit.js';
import {readPromptList} from './prompt_list.js';

const kExample = 'prompt,seed,seconds\n"a red rubber ball falls",7,1.4\n';

/**
 * @param {import('../server/client.js').Client} client @param {import('../server/types.js').Field[]} fields
 * @param {import('../state/jobs.js').Jobs} jobs @param {File|null} file one that was dropped
 */
export function openBatch(client, fields, jobs, file = null) {
  return openDialog('Films from a list', () => {
    const batch = new Batch(client, fields, jobs);
    if (file) batch.take(file);
    return batch.elements;
  }, {wide: true});
}

class Batch {
  #client;
  #fields;
  #jobs;
  #rows = [];

  constructor(client, fields, jobs) {
    this.#client = client;
    this.#fields = fields;
    this.#jobs = jobs;
    this.text = el('textarea', {id: 'batch-text', rows: 7, class: 'code', spellcheck: 'false', placeholder: kExample});
    this.text.addEventListener('input', () => this.#read());
    this.table = el('div', {class: 'batch-rows', tabindex: '0', role: 'region', 'aria-label': 'Lines of the list'});
    this.summary = el('p', {class: 'batch-summary', role: 'status'});
    this.button = el('button', {type: 'button', class: 'primary', disabled: true, onclick: () => this.#submit()},
        'Queue films');
    const chooser = el('input', {type: 'file', accept: '.csv,.tsv,.jsonl,.txt', class: 'unseen', id: 'batch-file'});
    chooser.addEventListener('change', () => this.take(chooser.files[0]));
    this.elements = [
      el('p', {class: 'hint'}, 'CSV with a first row of names, or a JSON object on each line: ', el('code', {},
          'prompt'),
        ' and any setting by its name. Paste it, or choose a file.'),
      el('label', {class: 'file-button', for: 'batch-file'}, icon('list'), 'Choose a file'), chooser,
      el('label', {class: 'unseen', for: 'batch-text'}, 'The list'), this.text, this.table,
      el('div', {class: 'dialog-foot'}, this.summary, this.button),
    ];
  }

  /** @param {File} file */
  async take(file) {
    this.text.value = await file.text();
    this.#read();
  }

  #read() {
    const rows = readPromptList(this.text.value, this.#fields);
    this.#rows = rows.map((row) => ({...row, key: newKey(), state: row.problem ? 'wrong' : 'ready'}));
    this.#show();
  }

  #count(state) { return this.#rows.filter((row) => row.state === state).length; }

  #show() {
    fill(this.table, this.#rows.length > 0 && tableOf(this.#rows));
    const [ready, wrong, queued] = ['ready', 'wrong', 'queued'].map((state) => this.#count(state));
    this.button.disabled = ready === 0;
    this.button.textContent = ready ? `Queue ${plural(ready, 'film')}` : 'Queue films';
    const said = [queued && `${queued} queued`, ready && `${ready} ready`, wrong &&
        `${plural(wrong, 'line')} cannot be used`];
    this.summary.textContent = said.filter(Boolean).join(', ');
  }

  /** One after another, so that the films wait in the order of the list. */
  async #submit() {
    this.button.disabled = true;
    for (const row of this.#rows.filter((one) => one.state === 'ready')) {
      try {
        await this.#jobs.answered(submit(this.#client, row.request, row.key));
        row.state = 'queued';
      } catch (error) {
        row.state = 'wrong';
        row.problem = wordsOf(error);
      }
      this.#show();
      this.button.disabled = true;
    }
    this.#show();
  }
}

function tableOf(rows) {
  const head = ['Line', 'Prompt', 'Settings', ''].map((name) => el('th', {scope: 'col'}, name));
  return el('table', {}, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows.map(rowOf)));
}

function rowOf({line, request, problem, state}) {
  const {prompt, ...settings} = request;
  const words = Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(', ');
  const said = state === 'wrong' ? wordsOf(problem) : {ready: 'ready', queued: 'queued'}[state];
  return el('tr', {class: state}, el('td', {class: 'number'}, String(line)), el('td', {}, prompt ?? ''), el('td', {},
      words), el('td', {}, said));
}
