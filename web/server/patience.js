// Asking again after errors that pass.

const kFirstWaitMs = 300;
export const kLongestWaitMs = 30_000;

/** Whether the same question may be answered later: the server was out of reach, busy or in trouble. */
export function passes(error) {
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
}

/**
 * Waits until the time is over, `signal` says stop, or `retry` says 'retry'.
 * @param {number} ms @param {AbortSignal} [signal] @param {EventTarget} [retry]
 */
export function pause(ms, signal, retry) {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => { clearTimeout(timer); done.abort(); resolve(); };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, {signal: done.signal});
    retry?.addEventListener('retry', end, {signal: done.signal});
  });
}

/**
 * Asks until there is an answer, after pauses that double, and never sooner than the server said.
 * @template Answer
 * @param {() => Promise<Answer>} ask
 * @param {{tries?: number, again?: (error: Error) => boolean, signal?: AbortSignal, retry?: EventTarget}} options
 *   again: the errors after which it is asked again; retry: its 'retry' event ends a pause
 * @returns {Promise<Answer>}
 * @throws the last error
 */
export async function insist(ask, {tries = Infinity, again = passes, signal, retry} = {}) {
  for (let tried = 1, waitMs = kFirstWaitMs; ; ++tried, waitMs = Math.min(2 * waitMs, kLongestWaitMs)) {
    try {
      return await ask();
    } catch (error) {
      if (tried >= tries || !again(error) || signal?.aborted) throw error;
      await pause(Math.max(error.retryMs, waitMs), signal, retry);
    }
  }
}
