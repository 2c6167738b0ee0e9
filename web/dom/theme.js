// Dark or light: as the system has it, until someone says otherwise in this browser.

const kName = 'phonofilm.theme';

function systemTheme() {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** @returns {'dark'|'light'} what is shown now */
export function currentTheme() {
  return document.documentElement.dataset.theme ?? systemTheme();
}

/** Takes up the theme of the last visit. */
export function restoreTheme() {
  const kept = localStorage.getItem(kName);
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
}

/** Shows the other theme and keeps the choice; the system's own choice is kept as no choice. */
export function toggleTheme() {
  const theme = currentTheme() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  if (theme === systemTheme()) localStorage.removeItem(kName);
  else localStorage.setItem(kName, theme);
  document.dispatchEvent(new CustomEvent('themechange'));
}
