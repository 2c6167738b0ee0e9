// Files that a film is given: pictures, voices, a sound, a film. Each is uploaded as soon as it is chosen, so that what
// is wrong with it is said at once, and a film that is asked for starts without waiting.
import {el, fill, icon, iconButton} from '../dom/elements.js';
import {bytes, fieldLabel} from '../dom/format.js';
import {wordsOf} from '../dom/messages.js';

/** @typedef {import('../server/types.js').Input} Input */
/**
 * @typedef {{id: string|null, name: string, type: string, url: string|null, error: string, bytes: number}} Attachment
 */

// Holds the place of a spoken line without a voice: the server takes an empty text for none.
const kNone = {id: '', name: 'none', type: '', url: null, error: '', bytes: 0};

/** @param {Input} input @param {string} type @returns {boolean} whether it takes files of a content type */
export function takes(input, type) {
  return input.accept.some((accepted) => accepted === type || (accepted.endsWith('/*') &&
      type.startsWith(accepted.slice(0, -1))));
}

/** What an input holds, in words: "image", "audio", "video". @param {Input} input */
export function kindOf(input) {
  return input.accept[0]?.split('/')[0] ?? 'file';
}

/** @param {Input} input @returns {string} its name for people */
export function titleOf(input) {
  return input.title || fieldLabel(input.name);
}

/** The first input that a file goes to by itself: of its kind, or else one that takes it, too. */
export function inputFor(inputs, type) {
  const taking = inputs.filter((input) => takes(input, type));
  return taking.find((input) => kindOf(input) === type.split('/')[0]) ?? taking[0] ?? null;
}

/** Browsers name the type of one and the same sound differently. */
function typeOf(file) {
  return {'audio/x-wav': 'audio/wav', 'audio/wave': 'audio/wav', 'audio/x-flac': 'audio/flac',
      'audio/mp3': 'audio/mpeg',
          'audio/x-m4a': 'audio/mp4'}[file.type] ?? file.type;
}

function wrongType(input, type) {
  return `${titleOf(input)} takes ${input.accept.join(', ')}; this file is ${type || 'of no known type'}.`;
}

/** Where the bytes lie of an upload, or of a file of an earlier job: "<job id>/<name>". */
function addressOf(id) {
  const [job, name] = id.split('/');
  return name ? `/api/v1/jobs/${job}/files/${name}` : `/api/v1/uploads/${id}`;
}

/** The files of all inputs. Event: 'change'. */
export class Attachments extends EventTarget {
  #client;
  #inputs;
  #held = new Map();  // input name -> Attachment[]

  /** @param {import('../server/client.js').Client} client @param {Input[]} inputs */
  constructor(client, inputs) {
    super();
    this.#client = client;
    this.#inputs = inputs;
    this.element = el('ul', {class: 'attachments', 'aria-label': 'Files for this film', hidden: true});
  }

  get inputs() { return this.#inputs; }

  /** Whether an upload is under way. */
  get busy() { return this.#all().some((one) => one.id === null && !one.error); }

  /** Names of the files that could not be uploaded. */
  get failed() { return this.#all().filter((one) => one.error).map((one) => one.name); }

  /** @returns {Object<string, string|string[]>} upload ids by input */
  get values() {
    const values = {};
    for (const input of this.#inputs) {
      const ids = this.#of(input).map((one) => one.id).filter((id) => id !== null);
      if (ids.length) values[input.name] = input.many ? ids : ids[0];
    }
    return values;
  }

  /** Takes up what an earlier request was given. @param {Object<string, any>} request */
  set values(request) {
    this.#held.clear();
    for (const input of this.#inputs) {
      const ids = [request[input.name] || []].flat().filter((id) => typeof id === 'string');
      if (ids.length) this.#held.set(input.name, ids.map((id) => (id ? this.#known(id, input) : kNone)));
    }
    this.#changed();
  }

  #known(id, input) {
    const attachment = {id, name: 'as before', type: `${kindOf(input)}/*`, url: null, error: '', bytes: 0};
    this.#client.blob(addressOf(id)).then((blob) => {
      Object.assign(attachment, {url: URL.createObjectURL(blob), bytes: blob.size});
    }).catch((error) => { attachment.error = wordsOf(error); }).finally(() => this.#changed());
    return attachment;
  }

  /** @param {Input} input @param {File} file */
  async add(input, file) {
    const type = typeOf(file);
    const attachment = {id: null, name: file.name, type, url: URL.createObjectURL(file), error: '', bytes: file.size};
    const held = input.many ? this.#of(input) : [];
    this.#held.set(input.name, [...held, attachment]);
    this.#changed();
    try {
      if (!takes(input, type)) throw new Error(wrongType(input, type));
      attachment.id = (await this.#client.upload(file, file.name, type)).id;
    } catch (error) {
      attachment.error = wordsOf(error);
    }
    this.#changed();
  }

  /** Asks for a file with the browser's own dialog. @param {Input} input */
  choose(input) {
    const chooser = el('input', {type: 'file', accept: input.accept.join(','), multiple: input.many});
    chooser.addEventListener('change', () => [...chooser.files].forEach((file) => this.add(input, file)));
    chooser.click();
  }

  #remove(input, index) {
    const [gone] = this.#held.get(input.name).splice(index, 1);
    if (gone.url) URL.revokeObjectURL(gone.url);
    this.#changed();
  }

  /** Gives the line of a file none, and the file to the line after. */
  #skipLine(input, index) {
    this.#held.get(input.name).splice(index, 0, kNone);
    this.#changed();
  }

  /** @param {Input} input @returns {Attachment[]} */
  #of(input) { return this.#held.get(input.name) ?? []; }

  #all() { return [...this.#held.values()].flat(); }

  #changed() {
    const rows = this.#inputs.flatMap((input) => this.#of(input).map((one, i) => this.#row(input, one, i)));
    fill(this.element, rows);
    this.element.hidden = rows.length === 0;
    this.dispatchEvent(new Event('change'));
  }

  #row(input, attachment, index) {
    const role = input.many ? `${titleOf(input)}, line ${index + 1}` : titleOf(input);
    const state = attachment.error || (attachment.id === null ? 'uploading …' : attachment.id &&
        bytes(attachment.bytes));
    return el('li', {class: attachment.error ? 'attachment wrong' : 'attachment'},
      glimpse(attachment),
      el('div', {class: 'attachment-text'}, el('strong', {}, role), el('span', {}, attachment.name),
        el('span', {class: 'attachment-state', role: attachment.error ? 'alert' : null}, state)),
      input.many && attachment.id && iconButton('next', 'For the next line instead',
          () => this.#skipLine(input, index)),
      iconButton('close', `Remove ${attachment.name}`, () => this.#remove(input, index)));
  }
}

function glimpse({type, url}) {
  if (url && type.startsWith('image/')) return el('img', {src: url, alt: ''});
  if (url && type.startsWith('video/')) return el('video', {src: url, muted: true, preload: 'metadata'});
  if (url && type.startsWith('audio/')) return playButton(url);
  return el('span', {class: 'glimpse'}, icon(type ? 'film' : 'mute'));
}

function playButton(url) {
  const sound = new Audio(url);
  const button = iconButton('play', 'Listen', () => {
    sound.currentTime = 0;
    sound.play();
  });
  button.classList.add('glimpse');
  return button;
}
