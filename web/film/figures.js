// What was measured in a film, from its settings.json: strikes seen in the picture, and how far their sound is off.

/**
 * @typedef {{time: number, offset: number|null, label: string}} Strike  time in seconds; offset in ms, null: nothing
 *   was heard
 */

/**
 * The measures have the shape that the evaluation writes for its films: {"measured": {"impacts": [{"time", "offset_ms",
 * ...}]}}. Strikes without `offset_ms` were not measured, and nothing is said of them; where it is null, nothing was
 * heard.
 * @param {any} settings @returns {Strike[]}
 */
export function strikesOf(settings) {
  const impacts = Array.isArray(settings?.measured?.impacts) ? settings.measured.impacts : [];
  const measured = impacts.filter((impact) => Number.isFinite(impact?.time) && impact.offset_ms !== undefined);
  return measured.map((impact) => ({
    time: impact.time,
    offset: Number.isFinite(impact.offset_ms) ? impact.offset_ms : null,
    label: [impact.color, impact.surface].filter(Boolean).join(', '),
  }));
}

/**
 * How good an offset is: the bounds of the evaluation's report.
 * @param {number|null} offset ms
 * @returns {'good'|'fair'|'poor'}
 */
export function gradeOf(offset) {
  if (offset === null) return 'poor';
  return Math.abs(offset) <= 25 ? 'good' : Math.abs(offset) <= 50 ? 'fair' : 'poor';
}

/**
 * Settings as rows of a table, nested names joined by dots; long lists are left to the file.
 * @param {any} value
 * @returns {[string, string][]}
 */
export function flatSettings(value, prefix = '') {
  if (value === null || value === '' || value === undefined) return [];
  if (Array.isArray(value)) return value.every((one) => typeof one !== 'object') && value.length
      ? [[prefix, value.join(', ')]] : [];
  if (typeof value !== 'object') return [[prefix, String(value)]];
  return Object.entries(value).filter(([name]) => !['impacts', 'onsets', 'prompt', 'notices'].includes(name))
    .flatMap(([name, one]) => flatSettings(one, prefix ? `${prefix}.${name}` : name));
}
