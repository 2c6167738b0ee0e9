// Requests to the server that the page came from, and their errors.

const kKeyName = 'phonofilm.key';

/** An error of the server in its own words, or of the way to it (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{message: string, code: string, param?: string|null}} error
   * @param {number} retryMs
   */
  constructor(status, error, retryMs = 0) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.param = error.param ?? null;
    this.retryMs = retryMs;  // how long to wait before asking again; 0: asking again is no use
  }
}

const kOffline = {message: 'The server cannot be reached.', code: 'offline'};

async function errorOf(response) {
  const retryMs = 1000 * (Number(response.headers.get('Retry-After')) || 0);
  try {
    return new ApiError(response.status, (await response.json()).error, retryMs);
  } catch {
    return new ApiError(response.status, {message: `The server answered ${response.status}.`, code: 'unknown'},
        retryMs);
  }
}

/** @throws {ApiError} also where the answer breaks off on the way */
async function valueOf(response) {
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, kOffline);
  }
}

export class Client extends EventTarget {
  #key = sessionStorage.getItem(kKeyName) ?? '';

  get hasKey() { return this.#key !== ''; }

  /** Keeps a key for as long as the tab is open. @param {string} key '' forgets it */
  useKey(key) {
    this.#key = key;
    if (key) sessionStorage.setItem(kKeyName, key);
    else sessionStorage.removeItem(kKeyName);
  }

  /**
   * @param {string} path @param {RequestInit} options
   * @returns {Promise<Response>} one that succeeded
   * @throws {ApiError}; after a 401 the page also hears 'unauthorized'
   */
  async fetch(path, options = {}) {
    const headers = new Headers(options.headers);
    if (this.#key) headers.set('Authorization', `Bearer ${this.#key}`);
    let response;
    try {
      response = await fetch(path, {...options, headers, redirect: 'error'});
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, kOffline);
    }
    if (response.ok) return response;
    if (response.status === 401) this.dispatchEvent(new Event('unauthorized'));
    throw await errorOf(response);
  }

  async get(path) { return valueOf(await this.fetch(path)); }

  async delete(path) { await this.fetch(path, {method: 'DELETE'}); }

  /**
   * Sends JSON.
   * @param {'POST'|'PATCH'} method
   * @param {string} path
   * @param {any} body
   * @param {Object<string, string>} headers
   */
  async send(method, path, body, headers = {}) {
    const options = {method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json', ...headers}};
    return valueOf(await this.fetch(path, options));
  }

  /** @param {Blob} file @param {string} name @param {string} type @returns {Promise<import('./types.js').Upload>} */
  async upload(file, name, type) {
    const headers = {'Content-Type': type, 'X-Upload-Name': encodeURIComponent(name)};
    return valueOf(await this.fetch('/api/v1/uploads', {method: 'POST', body: file, headers}));
  }

  async blob(path) { return (await this.fetch(path)).blob(); }
}
