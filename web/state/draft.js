// The one text that the browser keeps: the film that is being written, until it is made.

const kName = 'phonofilm.draft';

/** @returns {Object<string, any>|null} a request */
export function readDraft() {
  try {
    const draft = JSON.parse(localStorage.getItem(kName) ?? 'null');
    return draft && typeof draft === 'object' && !Array.isArray(draft) ? draft : null;
  } catch {
    return null;
  }
}

/** @param {Object<string, any>} request an empty one is forgotten */
export function keepDraft(request) {
  if (Object.keys(request).length) localStorage.setItem(kName, JSON.stringify(request));
  else localStorage.removeItem(kName);
}
