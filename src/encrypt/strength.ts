import {wordlist} from '@scure/bip39/wordlists/english.js';
import {ZxcvbnFactory} from '@zxcvbn-ts/core';
import {adjacencyGraphs, dictionary} from '@zxcvbn-ts/language-common';

let estimator: ZxcvbnFactory | undefined;
/** What comes behind only adds to it, and takes long to look at. */
const looked = 100;

/**
 * About how many bits it takes to guess a passphrase, by one who tries common passwords, words, dates and keys beside each other first. An estimate: someone
 * who knows its writer needs fewer.
 */
export function passphraseBits(passphrase: string): number {
  estimator ??= new ZxcvbnFactory({dictionary: {...dictionary, words: wordlist}, graphs: adjacencyGraphs});
  return estimator.check(passphrase.slice(0, looked)).guessesLog10 * Math.log2(10);
}
