// Before the first paint: the theme the reader chose, else the system's. src/ui/theme.svelte.ts keeps it afterwards.
{
  let chosen;
  try {
    chosen = localStorage.getItem('lakebook:theme');
  } catch {
    // A browser that keeps nothing has no choice to give back.
  }
  document.documentElement.dataset.theme =
    chosen ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}
