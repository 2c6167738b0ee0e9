// The settings that a film carries: the text under "phonofilm" among the metadata of an .mp4, .mov or .m4a
// (moov/udta/meta: names in 'keys', values in 'ilst'; QuickTime File Format, "Metadata").

const kName = 'phonofilm';

/** Walks through the boxes of a range; sizes that do not fit end it. */
function* boxes(view, start, end) {
  for (let at = start; at + 8 <= end;) {
    // A size of 1 stands for one of 64 bits behind the type: long films have it for their pictures.
    const size = view.getUint32(at) === 1 && at + 16 <= end ? Number(view.getBigUint64(at + 8)) : view.getUint32(at);
    const type = text(view, at + 4, at + 8);
    if (size < 8 || at + size > end) return;
    yield {type, start: at + 8, end: at + size, number: view.getUint32(at + 4)};
    at += size;
  }
}

function text(view, start, end) {
  return new TextDecoder().decode(new Uint8Array(view.buffer, start, end - start));
}

/** The first box at a path of types. */
function find(view, [type, ...rest], start = 0, end = view.byteLength) {
  for (const box of boxes(view, start, end)) {
    if (box.type === type) return rest.length ? find(view, rest, box.start, box.end) : box;
  }
  return null;
}

/** Bytes before the boxes of a 'meta': version and flags, which QuickTime's own files do not have. */
function headOf(view, meta) {
  return text(view, meta.start + 4, meta.start + 8) === 'hdlr' ? 0 : 4;
}

/** The number, from 1, under which a name stands in 'keys'; 0: it does not. */
function keyNumber(view, keys) {
  let number = 0;
  for (const {start, end} of boxes(view, keys.start + 8, keys.end)) {
    number += 1;
    if (text(view, start, end) === kName) return number;
  }
  return 0;
}

/**
 * @param {ArrayBuffer} bytes of a film of any origin
 * @returns {Object<string, any>|null} the settings it was made with, as a request has them; null where it has none
 */
export function settingsInFilm(bytes) {
  const view = new DataView(bytes);
  const meta = find(view, ['moov', 'udta', 'meta']);
  const inside = meta && meta.start + 8 <= meta.end && [meta.start + headOf(view, meta), meta.end];
  const [keys, list] = ['keys', 'ilst'].map((type) => inside && find(view, [type], ...inside));
  if (!keys || !list) return null;
  const wanted = keyNumber(view, keys);
  const item = [...boxes(view, list.start, list.end)].find(({number}) => number === wanted);
  const data = item && find(view, ['data'], item.start, item.end);
  return data ? readSettings(text(view, data.start + 8, data.end)) : null;
}

function readSettings(json) {
  try {
    const {settings} = JSON.parse(json);
    return settings !== null && typeof settings === 'object' ? settings : null;
  } catch {
    return null;
  }
}
