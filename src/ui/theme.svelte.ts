export type ThemeName = 'light' | 'dark';

const key = 'lakebook:theme';

/** Light or dark: the user's choice, remembered; without one the system's, followed as it changes. */
export class Theme {
  #name = $state<ThemeName>(document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light');

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (system) => {
      if (remembered(key) === null) this.#show(system.matches ? 'dark' : 'light');
    });
  }

  get name(): ThemeName {
    return this.#name;
  }

  toggle(): void {
    this.#show(this.#name === 'dark' ? 'light' : 'dark');
    remember(key, this.#name);
  }

  #show(name: ThemeName): void {
    this.#name = name;
    document.documentElement.dataset['theme'] = name;
  }
}

/** A small thing the browser keeps for the page; null when there is none or nothing is kept. */
export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing only forgets the choice.
  }
}
