// Numbers and texts as people read them.

/** @param {number} seconds @returns {string} "1.4 s", "1:05" */
export function seconds(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** @param {number} seconds @returns {string} a place on a time line: "0:01.250" */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, '0')}`;
}

/** @param {number} ms @returns {string} "12 s left", "3 min left" */
export function timeLeft(ms) {
  if (ms < 1500) return 'about done';
  if (ms < 90_000) return `${Math.round(ms / 1000)} s left`;
  return `${Math.round(ms / 60_000)} min left`;
}

/** @param {number} then milliseconds since 1970 @param {number} now @returns {string} "5 minutes ago" */
export function ago(then, now) {
  const s = Math.max(0, (now - then) / 1000);
  if (s < 60) return 'just now';
  const units = [['minute', 60, 3600], ['hour', 3600, 86_400], ['day', 86_400, 604_800]];
  for (const [unit, size, end] of units) {
    if (s < end) return plural(Math.floor(s / size), unit) + ' ago';
  }
  return new Date(then).toISOString().slice(0, 10);
}

/** @param {number} count @param {string} unit @returns {string} "1 film", "3 films" */
export function plural(count, unit) {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** @param {number} count @returns {string} "12 kB" */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${Math.round(count / 1e3)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** @param {string} name of a field @returns {string} "negative_prompt" -> "Negative prompt" */
export function fieldLabel(name) {
  const words = name.replaceAll('_', ' ');
  return words[0].toUpperCase() + words.slice(1);
}

/** @param {number} seconds @returns {string} "+7 ms", positive when the sound is late */
export function offset(ms) {
  const rounded = Math.round(ms);
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : ''}${Math.abs(rounded)} ms`;
}

/** The prompt without its marks, for titles: "a man says hello". */
export function withoutMarks(prompt) {
  return prompt.replace(/<(S|E|AUDCAP|ENDAUDCAP)>/g, ' ').replace(/\s+/g, ' ').trim();
}
