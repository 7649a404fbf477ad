import type {Encrypted, Encryption} from '../../encrypt/define.ts';

/** The ways in which a file can be encrypted. */
export const ways = {
  'age-passphrase': {
    as: 'age',
    wants: 'passphrase',
    title: 'Passphrase, as an age file',
    about: 'The age and rage commands open it, and this page does.',
  },
  'age-recipients': {
    as: 'age',
    wants: 'identity',
    title: 'Receiver’s age key',
    about: 'Opened by whoever has the secret half of the key. No passphrase to pass on.',
  },
  'fernet-passphrase': {
    as: 'fernet',
    wants: 'passphrase',
    title: 'Passphrase, as a Fernet token',
    about: 'Python’s cryptography opens it, and this page does. A third larger.',
  },
  'fernet-key': {
    as: 'fernet',
    wants: 'key',
    title: 'Key, as a Fernet token',
    about: 'For programs that hold a Fernet key. A third larger.',
  },
} as const satisfies Record<string, {as: Encryption['as']; wants: Encrypted['wants']; title: string; about: string}>;
export type Way = keyof typeof ways;

/** What the user chose in a dialog that exports something. */
export class EncryptChoice {
  on = $state(false);
  way = $state<Way>('age-passphrase');
  passphrase = $state('');
  again = $state('');
  /** The passphrase that was made here: who sees it needn't type it again. */
  made = $state('');
  recipients = $state('');
  key = $state('');
  readonly isMade = $derived(this.made !== '' && this.passphrase === this.made);

  /** Why it can't start; undefined when it can. */
  readonly missing: string | undefined = $derived.by(() => {
    if (!this.on) return undefined;
    switch (this.way) {
      case 'age-recipients': {
        const odd = this.#recipients.find((recipient) => !/^age1[a-z0-9]+$/i.test(recipient));
        if (odd !== undefined)
          return /^AGE-SECRET-KEY/i.test(odd)
            ? 'That is a secret key. The public one starts with age1.'
            : 'A public key starts with age1.';
        return this.#recipients.length === 0 ? 'Give the receiver’s public key.' : undefined;
      }
      case 'fernet-key':
        return this.key.trim() === '' ? 'Give a key, or have one made.' : undefined;
      case 'age-passphrase':
      case 'fernet-passphrase':
        if (this.passphrase === '') return 'Give a passphrase, or have one made.';
        if (this.isMade || this.passphrase === this.again) return undefined;
        return this.again === '' ? 'Type the passphrase again.' : 'The two passphrases differ.';
    }
  });

  /** Undefined when the file goes as it is. */
  get encryption(): Encryption | undefined {
    if (!this.on) return undefined;
    switch (this.way) {
      case 'age-passphrase':
        return {as: 'age', passphrase: this.passphrase};
      case 'age-recipients':
        return {as: 'age', recipients: this.#recipients};
      case 'fernet-passphrase':
        return {as: 'fernet', passphrase: this.passphrase};
      case 'fernet-key':
        return {as: 'fernet', key: this.key.trim()};
    }
  }

  get #recipients(): string[] {
    return this.recipients.split(/[\s,]+/).filter((recipient) => recipient !== '');
  }
}
