// Rows of a list take another place by dragging their grips. Works with mouse, pen and touch.

/**
 * @param {HTMLElement} list whose rows have data-id and a .grip
 * @param {(id: string, before: string|null) => void} onmove before: the row that now follows; null: none
 */
export function reorderable(list, onmove) {
  list.addEventListener('pointerdown', (event) => {
    const row = event.target.closest('.grip')?.closest('[data-id]');
    if (!row || event.button !== 0) return;
    event.preventDefault();
    drag(list, row, event, onmove);
  });
}

// The page itself is listened to: a captured pointer would be lost when the row changes its place.
function drag(list, row, start, onmove) {
  const next = row.nextElementSibling;
  const done = new AbortController();
  const listen = (name, hear) => document.addEventListener(name, (event) => {
    if (event.pointerId === start.pointerId) hear(event);
  }, {signal: done.signal});
  row.classList.add('dragged');
  const end = () => {
    done.abort();
    row.classList.remove('dragged');
  };
  listen('pointermove', (event) => list.insertBefore(row, rowBelow(list, row, event.clientY)));
  listen('pointercancel', () => { end(); list.insertBefore(row, next); });
  listen('pointerup', () => {
    end();
    if (row.nextElementSibling !== next) onmove(row.dataset.id, row.nextElementSibling?.dataset.id ?? null);
  });
}

/** The row before which the dragged one goes: the first whose middle is below the pointer. */
function rowBelow(list, dragged, y) {
  const middle = (row) => { const box = row.getBoundingClientRect(); return box.top + box.height / 2; };
  return [...list.children].find((row) => row !== dragged && middle(row) > y) ?? null;
}
