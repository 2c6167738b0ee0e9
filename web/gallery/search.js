// Finding films by words of their prompts and by settings: "red ball seed:7 -wall".
import {withoutMarks} from '../dom/format.js';

/**
 * @param {string} query words that all must stand in the prompt; -word must not; name:value compares a setting
 * @returns {(job: import('../server/types.js').Job) => boolean}
 */
export function matcherOf(query) {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return (job) => {
    const text = `${job.request.prompt ?? ''} ${withoutMarks(job.request.prompt ?? '')} ${job.id}`.toLowerCase();
    return tests.every((test) => test(text, job.request));
  };
}

function testOf(term) {
  const setting = /^(\w+):(.+)$/.exec(term);
  if (setting) return (_, request) => String(request[setting[1]] ?? '').toLowerCase() === setting[2];
  if (term.length > 1 && term.startsWith('-')) return (text) => !text.includes(term.slice(1));
  return (text) => text.includes(term);
}
