// Light or dark: as the system has it, until somebody chooses.

const KEY = 'lockgate.theme';

export type Choice = 'system' | 'light' | 'dark';

class Theme {
  choice = $state<Choice>(stored());
  #system = matchMedia('(prefers-color-scheme: dark)');
  #systemIsDark = $state(this.#system.matches);

  constructor() {
    this.#system.addEventListener('change', (event) => {
      this.#systemIsDark = event.matches;
      this.apply();
    });
    this.apply();
  }

  get isDark(): boolean {
    return this.choice === 'system' ? this.#systemIsDark : this.choice === 'dark';
  }

  choose(choice: Choice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.isDark ? 'dark' : 'light';
  }
}

function stored(): Choice {
  const text = localStorage.getItem(KEY);
  return text === 'light' || text === 'dark' ? text : 'system';
}


export const theme = new Theme();
