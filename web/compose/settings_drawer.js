// The drawer of settings, built from the served schema.
import {el, fill, icon, uniqueId} from '../dom/elements.js';
import {fieldLabel} from '../dom/format.js';
import {groupsOf, parseValue, valueProblem} from './field_groups.js';

/** @typedef {import('../server/types.js').Field} Field */

/** The control of one field. Event: 'input' on its element. */
class FieldControl {
  #error;

  /** @param {Field} field @param {() => void} onchange */
  constructor(field, onchange) {
    this.field = field;
    const id = uniqueId('field');
    this.#error = el('p', {class: 'field-problem', id: `${id}-error`});
    this.control = makeControl(field, {id, 'aria-describedby': `${id}-help ${id}-error`});
    this.control.addEventListener('input', () => { this.check(); onchange(); });
    this.element = el('div', {class: `field ${field.type === 'boolean' ? 'switch-field' : ''}`,
        'data-field': field.name},
      el('label', {for: id}, fieldLabel(field.name)), controlRow(field, this.control),
      el('p', {class: 'field-help', id: `${id}-help`}, field.help), this.#error);
  }

  /** What was set; undefined where the field has its default. */
  get value() {
    const {field, control} = this;
    const value = field.type === 'boolean' ? control.checked : parseValue(field, control.value);
    const unset = value === undefined || (control.value === '' && field.type !== 'boolean') || same(value,
        field.default);
    return unset ? undefined : value;
  }

  set value(value) {
    const {field, control} = this;
    if (field.type === 'boolean') control.checked = value ?? field.default;
    else if (field.choices?.length) control.value = value ?? field.default;
    else control.value = value === undefined ? '' : Array.isArray(value) ? value.join(listMark(field)) : String(value);
    this.check();
  }

  /** Says what is wrong beside the control. @returns {boolean} whether the value fits */
  check(problem = this.value === undefined ? this.#unreadable() : valueProblem(this.field, this.value)) {
    this.#error.textContent = problem && problem.replace(this.field.name, fieldLabel(this.field.name));
    this.control.setAttribute('aria-invalid', String(problem !== ''));
    this.element.classList.toggle('changed', this.value !== undefined);
    return problem === '';
  }

  #unreadable() {
    return this.control.validity?.badInput ? `${this.field.name} must be a number` : '';
  }
}

/** Between the items of a list, as they are typed. */
function listMark(field) {
  return field.type === 'list of strings' ? '\n' : ', ';
}

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

function makeControl(field, attributes) {
  if (field.type === 'boolean') return el('input', {type: 'checkbox', role: 'switch', class: 'switch',
      checked: field.default, ...attributes});
  if (field.choices?.length) {
    return el('select', attributes, field.choices.map((choice) =>
      el('option', {value: choice, selected: choice === field.default}, choice)));
  }
  const placeholder = placeholderOf(field);
  if (field.type === 'integer' || field.type === 'number') {
    return el('input', {type: 'number', step: field.type === 'integer' ? 1 : 'any', min: field.min, max: field.max,
        placeholder,
                        inputmode: field.type === 'integer' ? 'numeric' : 'decimal', ...attributes});
  }
  const long = /prompt/.test(field.name) || field.type === 'list of strings';
  if (long) return el('textarea', {rows: 2, placeholder, ...attributes});
  return el('input', {type: 'text', placeholder, ...attributes});
}

/** Where the help says that the default stands for the model's own, the placeholder does as well. */
function placeholderOf(field) {
  if (/the model's default/.test(field.help)) return "model's default";
  return Array.isArray(field.default) ? field.default.join(listMark(field)) : String(field.default ?? '');
}

function controlRow(field, control) {
  if (field.name !== 'seed') return control;
  const roll = () => {
    control.value = String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);
    control.dispatchEvent(new Event('input', {bubbles: true}));
  };
  return el('div', {class: 'with-button'}, control,
    el('button', {type: 'button', class: 'icon-button', 'aria-label': 'Random seed', title: 'Random seed',
        onclick: roll}, icon('dice')));
}

/** All settings. Event: 'change' when one was changed by hand. */
export class SettingsDrawer extends EventTarget {
  #controls;

  /** @param {Field[]} fields @param {import('../server/types.js').Group[]} groups */
  constructor(fields, groups) {
    super();
    this.#controls = new Map(fields.map((field) => [field.name, new FieldControl(field, () => this.#changed())]));
    this.element = el('div', {class: 'drawer', id: 'settings', hidden: true});
    fill(this.element, groupsOf(fields, groups).map((group) => this.#group(group)));
  }

  #group({title, fields}) {
    return el('fieldset', {class: 'group'}, el('legend', {}, title),
      el('div', {class: 'fields'}, fields.map((field) => this.#controls.get(field.name).element)));
  }

  #changed() { this.dispatchEvent(new Event('change')); }

  /** Values that differ from their defaults. @returns {Object<string, any>} */
  get values() {
    const all = [...this.#controls].map(([name, control]) => [name, control.value]);
    const set = all.filter(([, value]) => value !== undefined);
    return Object.fromEntries(set);
  }

  /** Sets all fields: those that `values` leaves out get their defaults. */
  set values(values) {
    for (const [name, control] of this.#controls) control.value = values[name];
    this.#changed();
  }

  reset(name) {
    this.#controls.get(name).value = undefined;
    this.#changed();
  }

  /** @returns {boolean} whether all fit; the first that does not gets the focus */
  check() {
    const wrong = [...this.#controls.values()].filter((control) => !control.check());
    if (wrong.length) this.#show(wrong[0]);
    return wrong.length === 0;
  }

  /** Shows what the server says about a field. @returns {boolean} whether there is such a field */
  showProblem(name, words) {
    const control = this.#controls.get(name);
    if (!control) return false;
    control.check(words);
    this.#show(control);
    return true;
  }

  #show(control) {
    this.element.hidden = false;
    this.#changed();
    control.control.focus();
  }
}
