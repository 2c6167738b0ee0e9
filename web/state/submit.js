// Asking for films, so that nothing is asked for twice and a busy server is waited for.

/** @typedef {import('../server/client.js').Client} Client */

const kTries = 6;

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Submits one request. The same key goes with every try, so that an answer lost on the way makes no second film.
 * @param {Client} client @param {Object<string, any>} request @param {string} key
 * @returns {Promise<import('../server/types.js').Job>}
 */
export async function submit(client, request, key = newKey()) {
  for (let tried = 1; ; ++tried) {
    try {
      return await client.send('POST', '/api/v1/jobs', {request}, {'Idempotency-Key': key});
    } catch (error) {
      const busy = error.status === 429 && error.code === 'rate_limit';
      if (tried === kTries || !(busy || error.status === 0)) throw error;
      await sleep(Math.max(error.retryMs, 300 * tried));
    }
  }
}

/**
 * The request of an earlier job, to be asked for again: what the job was given is named as the job's.
 * @param {import('../server/types.js').Job} job @returns {Object<string, any>}
 */
export function againOf(job) {
  const given = new Set((job.inputs ?? []).map((input) => input.name));
  const named = (value) => (Array.isArray(value) ? value.map(named) : given.has(value) ? `${job.id}/${value}` : value);
  return Object.fromEntries(Object.entries(job.request).map(([name, value]) => [name, named(value)]));
}

/** Requests that differ by their seeds alone. @param {Object<string, any>} request @param {number} takes */
export function takesOf(request, takes) {
  const seed = request.seed ?? 0;
  return Array.from({length: takes}, (_, take) => (seed + take ? {...request, seed: seed + take} : request));
}
