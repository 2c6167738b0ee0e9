// Asking for films, so that nothing is asked for twice and a busy server is waited for.
import {insist} from '../server/patience.js';

/** @typedef {import('../server/client.js').Client} Client */

const kTries = 6;

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A full queue is told at once; a server that is asked too often, or out of reach, is asked again. */
const isBusy = (error) => error.status === 0 || error.status === 429 && error.code === 'rate_limit';

/**
 * Submits one request. The same key goes with every try, so that an answer lost on the way makes no second film.
 * @param {Client} client @param {Object<string, any>} request @param {string} key
 * @returns {Promise<import('../server/types.js').Job>}
 */
export function submit(client, request, key = newKey()) {
  const ask = () => client.send('POST', '/api/v1/jobs', {request}, {'Idempotency-Key': key});
  return insist(ask, {tries: kTries, again: isBusy});
}

/**
 * The request of an earlier job, to be asked for again: files that the job was given are named as the job's.
 * @param {import('../server/types.js').Job} job
 * @param {import('../server/types.js').Input[]} inputs the fields that take files; a text elsewhere may equal a name
 * @returns {Object<string, any>}
 */
export function againOf(job, inputs) {
  const given = new Set((job.inputs ?? []).map((input) => input.name));
  const named = (value) => (Array.isArray(value) ? value.map(named) : given.has(value) ? `${job.id}/${value}` : value);
  const fields = new Set(inputs.map((input) => input.name));
  return Object.fromEntries(Object.entries(job.request).map(([name, value]) =>
    [name, fields.has(name) ? named(value) : value]));
}

/** Requests that differ by their seeds alone. @param {Object<string, any>} request @param {number} takes */
export function takesOf(request, takes) {
  const seed = request.seed ?? 0;
  return Array.from({length: takes}, (_, take) => (seed + take ? {...request, seed: seed + take} : request));
}
