// The marks of a prompt: what is spoken stands between <S> and <E>.

const kMark = /<S>|<E>/g;

/**
 * @param {string} prompt
 * @returns {{text: string, kind: 'plain'|'mark'|'speech'}[]} the prompt cut into pieces that together are the prompt
 */
export function piecesOf(prompt) {
  const pieces = [];
  let from = 0;
  let inside = false;
  const push = (text, kind) => { if (text) pieces.push({text, kind}); };
  for (const match of prompt.matchAll(kMark)) {
    push(prompt.slice(from, match.index), inside ? 'speech' : 'plain');
    push(match[0], 'mark');
    inside = match[0] === '<S>';
    from = match.index + match[0].length;
  }
  push(prompt.slice(from), inside ? 'speech' : 'plain');
  return pieces;
}

/** @param {string} prompt @returns {string[]} the spoken lines in their order */
export function spokenLines(prompt) {
  return [...prompt.matchAll(/<S>([^<]*(?:<(?!S>|E>)[^<]*)*)<E>/g)].map((match) => match[1].trim());
}

/** What is wrong with the marks, in words; '' when nothing is. @param {string} prompt */
export function markProblem(prompt) {
  let open = false;
  for (const [mark] of prompt.matchAll(kMark)) {
    if (mark === '<S>' && open) return 'A spoken line begins (<S>) before the last one ends: put <E> between them.';
    if (mark === '<E>' && !open) return 'A spoken line ends (<E>) that never began: put <S> before its first word.';
    open = mark === '<S>';
  }
  return open ? 'A spoken line begins (<S>) but does not end: put <E> behind its last word.' : '';
}

/**
 * Puts marks around the selection, or around nothing where the cursor is.
 * @param {HTMLTextAreaElement} area @param {string} before @param {string} after
 */
export function surroundSelection(area, before, after) {
  const {selectionStart: start, selectionEnd: end, value} = area;
  const inside = value.slice(start, end);
  area.focus();
  // execCommand keeps the browser's undo; where it is gone, the text is set directly.
  if (!document.execCommand('insertText', false, before + inside + after)) area.setRangeText(before + inside + after);
  area.setSelectionRange(start + before.length, start + before.length + inside.length);
}
