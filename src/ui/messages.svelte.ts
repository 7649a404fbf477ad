import {problemOf, type Problem} from '../lib/problem.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly tone: 'plain' | 'bad' | 'busy';
  readonly action?: {readonly label: string; readonly run: () => void};
  /** Whether what it tells is still true; it goes when it isn’t. */
  readonly holds?: (() => boolean) | undefined;
}

/** What the page tells: toasts to see, sentences to hear. */
export class Messages {
  toasts = $state.raw<readonly Toast[]>([]);
  /** What screen readers are told. */
  said = $state('');
  #last = 0;

  say(text: string): void {
    this.said = text;
  }

  toast(text: string, more: Partial<Pick<Toast, 'tone' | 'hint' | 'action' | 'holds'>> = {}): number {
    const id = ++this.#last;
    this.say([text, more.hint].filter((part) => part !== undefined).join(' '));
    this.toasts = [...this.toasts, {id, text, tone: 'plain', ...more}];
    if (more.tone !== 'busy' && more.tone !== 'bad') setTimeout(() => this.dismiss(id), 7000);
    return id;
  }
  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }
  fault(problem: Problem): void {
    this.toast(problem.message, {tone: 'bad', hint: problem.hint});
  }

  /** Runs `work`; what goes wrong is told. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      this.fault(problemOf(thrown));
      return undefined;
    }
  }

  /** Like `attempt`, saying what is going on once it takes over 300 ms. */
  async busy<T>(text: string, work: () => Promise<T>): Promise<T | undefined> {
    let toast: number | undefined;
    const timer = setTimeout(() => (toast = this.toast(text, {tone: 'busy'})), 300);
    const value = await this.attempt(work);
    clearTimeout(timer);
    if (toast !== undefined) this.dismiss(toast);
    return value;
  }
}
