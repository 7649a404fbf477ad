import type {Ownership} from '../ports/index.ts';

/** Of all tabs that have the workspace open, one owns it; the others show it and save nothing until they take it over. */
export class Owner {
  /** `elsewhere`: another tab had it when this one was opened; `moved`: another one took it over since. */
  state = $state<'here' | 'elsewhere' | 'moved'>('here');
  readonly isHere = $derived(this.state === 'here');
  #ownership: Ownership | undefined;

  /** Learns whether this tab is the owner; resolves then. `save` runs before another tab takes over, and `onMoved` once it has. */
  async start(
    opening: Promise<Ownership>,
    {save, onMoved}: {readonly save: () => Promise<void>; readonly onMoved: () => void},
  ): Promise<void> {
    const ownership = await opening;
    this.#ownership = ownership;
    this.state = ownership.isOwner ? 'here' : 'elsewhere';
    ownership.onAsked(save);
    ownership.onLost(() => {
      this.state = 'moved';
      onMoved();
    });
  }

  /** Makes this tab the owner. What it has loaded may be older than what is stored: load it anew then. */
  async takeOver(): Promise<void> {
    await this.#ownership?.takeOver();
    this.state = 'here';
  }
}
