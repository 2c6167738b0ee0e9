// Addresses for <img>, <video> and <a>: tags cannot send a key, so with a key the bytes are fetched and shown from
// memory.

const kMostKept = 80;

export class Media {
  #client;
  #kept = new Map();  // path -> Promise of an object URL, least recently used first

  /** @param {import('./client.js').Client} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {string} path of a file of a job @returns {Promise<string>} what `src` takes */
  async url(path) {
    if (!this.#client.hasKey) return path;
    const kept = this.#kept.get(path) ?? this.#load(path);
    this.#kept.delete(path);
    this.#kept.set(path, kept);
    this.#forgetOldest();
    return kept;
  }

  #load(path) {
    const loading = this.#client.blob(path).then((blob) => URL.createObjectURL(blob));
    loading.catch(() => this.#kept.delete(path));
    return loading;
  }

  #forgetOldest() {
    if (this.#kept.size <= kMostKept) return;
    const [path, url] = this.#kept.entries().next().value;
    this.#kept.delete(path);
    url.then((address) => URL.revokeObjectURL(address), () => {});
  }

  /**
   * Shows a file in a tag; what cannot be loaded leaves the tag as it is.
   * @param {HTMLElement} tag
   * @param {string} path
   */
  async show(tag, path) {
    try {
      tag.src = await this.url(path);
    } catch {
      tag.dispatchEvent(new Event('error'));
    }
  }

  /** Saves a file under a name. @param {string} path @param {string} name */
  async download(path, name) {
    const link = document.createElement('a');
    link.href = this.#client.hasKey ? await this.url(path) : `${path}?download=1`;
    link.download = name;
    link.click();
  }
}
