// Which page is shown: '#/', '#/film/ID', '#/compare/ID/ID'.

/** @param {string} hash @returns {{name: 'studio'|'film'|'compare', ids: string[]}} */
export function routeOf(hash) {
  const [, name, ...ids] = hash.split('/');
  const count = {film: 1, compare: 2}[name];
  const fits = ids.length === count && ids.every((id) => /^[0-9a-f]{32}$/.test(id));
  return fits ? {name, ids} : {name: 'studio', ids: []};
}
