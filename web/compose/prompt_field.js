// The prompt: a text area over a copy of its text that tints what is spoken.
import {el, fill, setText} from '../dom/elements.js';
import {markProblem, piecesOf, spokenLines, surroundSelection} from './prompt_marks.js';

/** Event: 'change' while it is written. */
export class PromptField extends EventTarget {
  #area;
  #copy;
  #problem;
  #lines;

  /** @param {number} maxLength in characters */
  constructor(maxLength) {
    super();
    this.#area = el('textarea', {
      id: 'prompt', rows: 2, class: 'prompt', maxlength: maxLength, spellcheck: 'true', autocomplete: 'off',
      placeholder: 'What is to be seen and heard?', 'aria-describedby': 'prompt-lines prompt-problem'});
    this.#copy = el('div', {class: 'prompt prompt-copy', 'aria-hidden': 'true'});
    this.#problem = el('p', {id: 'prompt-problem', class: 'field-problem'});
    this.#lines = el('ol', {id: 'prompt-lines', class: 'spoken-lines', 'aria-label': 'Spoken lines', hidden: true});
    this.element = el('div', {class: 'prompt-field'}, el('label', {class: 'unseen', for: 'prompt'}, 'Prompt'),
      el('div', {class: 'prompt-stack'}, this.#copy, this.#area), this.#problem, this.#lines);
    this.#area.addEventListener('input', () => this.#changed());
  }

  get value() { return this.#area.value; }

  set value(text) {
    this.#area.value = text;
    this.#changed();
  }

  focus() { this.#area.focus(); }

  /** Marks the selection as spoken. */
  speech() { surroundSelection(this.#area, '<S>', '<E>'); }

  /** Marks the selection as a description of the sound. */
  sound() { surroundSelection(this.#area, '<AUDCAP>', '<ENDAUDCAP>'); }

  /** Says what is wrong under the field. @param {string} words @returns {boolean} whether nothing is */
  check(words = this.#ownProblem()) {
    setText(this.#problem, words);
    this.#area.setAttribute('aria-invalid', String(words !== ''));
    if (words) this.focus();
    return words === '';
  }

  #ownProblem() {
    return this.value.trim() ? markProblem(this.value) : 'Say in a sentence what is to be seen and heard.';
  }

  #changed() {
    const text = this.#area.value;
    // The line break at the end keeps the last empty line as high as the text area's.
    fill(this.#copy, piecesOf(text).map(({text, kind}) => el('span', {class: kind}, text)), '\n');
    setText(this.#problem, '');
    this.#area.removeAttribute('aria-invalid');
    const lines = spokenLines(text);
    this.#lines.hidden = lines.length === 0;
    fill(this.#lines, lines.map((line) => el('li', {}, line || '…')));
    this.dispatchEvent(new Event('change'));
  }
}
