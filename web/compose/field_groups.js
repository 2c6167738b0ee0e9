// Where a field of the schema stands in the drawer, and what it may hold. The server says which fields belong together;
// what it puts into no group stands under "More", so that nothing is lost.

/** @typedef {import('../server/types.js').Field} Field */
/** @typedef {import('../server/types.js').Group} Group */

/**
 * @param {Field[]} fields @param {Group[]} groups
 * @returns {{title: string, fields: Field[]}[]} groups that are not empty, in their order
 */
export function groupsOf(fields, groups) {
  const named = groups.map(({title, names}) => ({
    title,
    fields: names.map((name) => fields.find((field) => field.name === name)).filter(Boolean),
  }));
  const placed = new Set(groups.flatMap(({names}) => names));
  const rest = {title: 'More', fields: fields.filter((field) => !placed.has(field.name))};
  return [...named, rest].filter((group) => group.fields.length);
}

/**
 * The fields that the drawer shows: all but the prompt and those that hold files.
 * @param {import('../server/types.js').Schema} schema
 */
export function settingsOf(schema) {
  const files = new Set(schema.inputs.map((input) => input.name));
  return schema.fields.filter((field) => field.name !== 'prompt' && !files.has(field.name));
}

/** Why a value does not fit its field; '' when it does. @param {Field} field @param {any} value */
export function valueProblem(field, value) {
  if (field.type.startsWith('list')) {
    const item = {...field, type: field.type.includes('string') ? 'string' : field.type.includes('integer') ? 'integer'
        : 'number'};
    return Array.isArray(value) ? value.map((one) => valueProblem(item, one)).find(Boolean) ?? ''
        : `${field.name} must be a list`;
  }
  if (field.type === 'boolean') return typeof value === 'boolean' ? '' : `${field.name} must be true or false`;
  if (field.type === 'string') return stringProblem(field, value);
  return numberProblem(field, value);
}

function stringProblem({name, choices}, value) {
  if (typeof value !== 'string') return `${name} must be a text`;
  return choices?.length && !choices.includes(value) ? `${name} must be one of ${choices.join(', ')}` : '';
}

function numberProblem({name, type, min, max}, value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return `${name} must be a number`;
  if (type === 'integer' && !Number.isInteger(value)) return `${name} must be a whole number`;
  if (min !== null && value < min) return `${name} must be at least ${min}`;
  if (max !== null && value > max) return `${name} must be at most ${max}`;
  return '';
}

/**
 * A text, as people type it, as a value of a field; undefined where it is none.
 * @param {Field} field
 * @param {string} text
 */
export function parseValue(field, text) {
  const trimmed = text.trim();
  if (field.type === 'string') return text;
  if (field.type === 'boolean') return {true: true, yes: true, 1: true, false: false, no: false,
      0: false}[trimmed.toLowerCase()];
  if (field.type.startsWith('list')) {
    const texts = field.type.includes('string');  // which may hold blanks: one on each line
    const parts = trimmed ? trimmed.split(texts ? /\s*\n\s*/ : /[\s,;]+/) : [];
    return texts ? parts : parts.map(Number);
  }
  return trimmed === '' ? undefined : Number(trimmed);
}
