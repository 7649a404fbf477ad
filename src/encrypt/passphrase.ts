import {wordlist} from '@scure/bip39/wordlists/english.js';

/** Of 2,048 words each: 11 bits a word, 88 in all. */
const words = 8;
const wordBits = 11;

/** A passphrase of random words, joined by hyphens as age's own are. */
export function newPassphrase(): string {
  return Array.from(
    crypto.getRandomValues(new Uint16Array(words)),
    (random) => wordlist[random % wordlist.length],
  ).join('-');
}

/** What it takes to guess such a passphrase, in bits. */
export const newPassphraseBits = words * wordBits;
