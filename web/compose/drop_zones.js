// Zones that appear while files are dragged over the page: one for each thing that a film can be given.
import {el, fill} from '../dom/elements.js';
import {inputFor, kindOf, takes, titleOf} from './attachments.js';

/** Whether a drag brings files from outside of the page. */
function bringsFiles(event) {
  return [...event.dataTransfer?.types ?? []].includes('Files');
}

/** Types of what is dragged, as far as the browser tells; a drop tells all. */
function draggedTypes(event) {
  return [...event.dataTransfer.items].map((item) => item.type);
}

export class DropZones {
  #attachments;
  #onOther;

  /**
   * @param {import('./attachments.js').Attachments} attachments
   * @param {(file: File, input: import('../server/types.js').Input|null) => void} onOther gets files that are dropped
   *   beside the zones and may be more than a file to be given: films, and what no input takes
   */
  constructor(attachments, onOther) {
    this.#attachments = attachments;
    this.#onOther = onOther;
    this.element = el('div', {class: 'drop-zones', hidden: true});
    document.addEventListener('dragenter', (event) => this.#enter(event));
    document.addEventListener('dragover', (event) => bringsFiles(event) && event.preventDefault());
    document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) this.element.hidden = true; });
    document.addEventListener('drop', (event) => this.#dropBeside(event));
  }

  #enter(event) {
    if (!bringsFiles(event) || !this.element.hidden) return;
    const types = draggedTypes(event).filter(Boolean);
    const fitting = this.#attachments.inputs.filter((input) => !types.length ||
        types.some((type) => takes(input, type)));
    fill(this.element, fitting.map((input) => this.#zone(input)));
    this.element.hidden = fitting.length === 0;
  }

  #zone(input) {
    const zone = el('div', {class: `drop-zone ${kindOf(input)}`, 'data-input': input.name},
      el('strong', {}, titleOf(input)), el('span', {}, input.help));
    zone.addEventListener('dragenter', () => zone.classList.add('over'));
    zone.addEventListener('dragleave', () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.element.hidden = true;
      const files = [...event.dataTransfer.files];
      (input.many ? files : files.slice(0, 1)).forEach((file) => this.#attachments.add(input, file));
    });
    return zone;
  }

  /** Beside the zones a file goes to the first input of its kind, unless it is a film: that may bring settings. */
  #dropBeside(event) {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    this.element.hidden = true;
    for (const file of event.dataTransfer.files) {
      const input = inputFor(this.#attachments.inputs, file.type);
      if (input && !file.type.startsWith('video/')) this.#attachments.add(input, file);
      else this.#onOther(file, input);
    }
  }
}
