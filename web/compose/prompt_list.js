// Lists of films: CSV (also with ; or tabs) with a row of names first, or a JSON object on every line. The same names
// as in
// `phonofilm batch`: prompt (also text_prompt, text), and any setting by its own name.
import {parseValue, valueProblem} from './field_groups.js';
import {markProblem} from './prompt_marks.js';

/** @typedef {{line: number, request: Object<string, any>, problem: string}} Row */

const kPromptNames = ['prompt', 'text_prompt', 'text'];

/**
 * @param {string} text @param {import('../server/types.js').Field[]} fields
 * @returns {Row[]} one per film; line counts from 1; problem is '' where a row can be used
 */
export function readPromptList(text, fields) {
  const clean = text.replace(/^\ufeff/, '');
  return /^\s*\{/.test(clean) ? readJsonLines(clean, fields) : readTable(clean, fields);
}

function readJsonLines(text, fields) {
  const rows = [];
  text.split(/\r\n|\n|\r/).forEach((content, i) => {
    if (content.trim()) rows.push({line: i + 1, ...jsonRow(content, fields)});
  });
  return rows;
}

function jsonRow(content, fields) {
  let object;
  try {
    object = JSON.parse(content);
  } catch (error) {
    return {request: {}, problem: `This is no JSON: ${error.message}`};
  }
  if (object === null || typeof object !== 'object' || Array.isArray(object)) return {request: {},
      problem: 'This is no JSON object.'};
  return checkedRow(Object.entries(object), fields);
}

function readTable(text, fields) {
  const records = splitTable(text);
  if (!records.length) return [];
  const [head, ...body] = records;
  const names = head.cells.map((name) => name.trim());
  return body.map(({line, cells}) => {
    if (cells.length !== names.length) return {line, request: {},
        problem: `${cells.length} cells where the first row has ${names.length}.`};
    const entries = names.map((name, i) => [name, cells[i]]).filter(([, cell]) => cell.trim() !== '');
    return {line, ...checkedRow(entries.map(([name, cell]) => [name, typed(name, cell, fields)]), fields)};
  });
}

function typed(name, cell, fields) {
  const field = fields.find((one) => one.name === name);
  return field ? parseValue(field, cell) : cell;
}

/** Names and values of one film, checked. */
function checkedRow(entries, fields) {
  const request = {};
  for (const [name, value] of entries) {
    const target = kPromptNames.includes(name) ? 'prompt' : name;
    const field = fields.find((one) => one.name === target);
    if (!field) return {request, problem: unknownName(name)};
    const problem = value === undefined ? `${name} cannot be read` : valueProblem(field, value);
    if (problem) return {request, problem: `${problem}.`};
    request[target] = value;
  }
  return {request, problem: request.prompt?.trim() ? markProblem(request.prompt) : 'There is no prompt.'};
}

function unknownName(name) {
  const isPath = /_path$|_wavs?$/.test(name);
  if (isPath) return `${name} names a file, which a page cannot open: give it to one film, or use phonofilm batch.`;
  return `There is no setting "${name}".`;
}

/**
 * RFC 4180, with the separator that the first row uses most.
 * @param {string} text @returns {{line: number, cells: string[]}[]} records that are not empty
 */
export function splitTable(text) {
  const separator = separatorOf(text);
  const pattern = new RegExp(`("(?:[^"]|"")*"|[^${separator}\\r\\n]*)(${separator}|\\r\\n|\\n|\\r|$)`, 'y');
  const records = [];
  let cells = [];
  let line = 1;
  let first = 1;
  while (pattern.lastIndex < text.length || cells.length) {
    const match = pattern.exec(text);
    cells.push(unquoted(match[1]));
    line += (match[0].match(/\r\n|\n|\r/g) ?? []).length;
    if (match[2] === separator) continue;
    if (cells.some((cell) => cell.trim())) records.push({line: first, cells});
    cells = [];
    first = line;
  }
  return records;
}

function separatorOf(text) {
  const head = text.split(/[\r\n]/, 1)[0];
  const count = (letter) => head.split(letter).length;
  return [',', ';', '\t'].reduce((best, letter) => (count(letter) > count(best) ? letter : best));
}

function unquoted(cell) {
  return /^".*"$/s.test(cell) && cell.length > 1 ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
