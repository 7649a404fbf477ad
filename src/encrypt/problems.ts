import type {Problem} from '../lib/problem.ts';
import {count} from '../lib/text.ts';

export const badKey: Problem = {
  code: 'ENCRYPTION_KEY',
  message: 'This is no Fernet key: one is 32 bytes as base64url, 44 letters with the = at its end.',
  hint: 'Copy the whole key again, or let a new one be made.',
};

export const noPassphrase: Problem = {
  code: 'ENCRYPTION_PASSPHRASE',
  message: 'The passphrase is empty.',
  hint: 'Type one, or let one be made.',
};

export const badRecipient = (recipient: string): Problem => ({
  code: 'ENCRYPTION_RECIPIENT',
  message: `“${recipient}” is no age recipient: one starts with age1 and is what age-keygen prints as the public key.`,
  hint: 'Ask the receiver for the public key again, and copy it whole.',
});

export const secretAsRecipient: Problem = {
  code: 'ENCRYPTION_RECIPIENT',
  message:
    'This is a secret key (AGE-SECRET-KEY-…), which opens files; files are encrypted for the public one, which starts with age1.',
  hint: 'Give the public key, and keep the secret one to yourself.',
};

export const badIdentity: Problem = {
  code: 'ENCRYPTION_IDENTITY',
  message: 'This is no age identity: one starts with AGE-SECRET-KEY-1 and is what age-keygen wrote to its file.',
  hint: 'Copy the line that starts with AGE-SECRET-KEY, or the whole file.',
};

export const badEncryption: Problem = {
  code: 'ENCRYPTION',
  message: 'How the file is to be encrypted was not said in full.',
  hint: 'Give {as: ’age’, passphrase}, {as: ’age’, recipients}, {as: ’fernet’, passphrase} or {as: ’fernet’, key}.',
};

export const insecure: Problem = {
  code: 'ENCRYPTION_UNAVAILABLE',
  message: 'Browsers encrypt only on pages that came over https or from this machine.',
  hint: 'Open this page by https.',
};

export const notEncrypted = (file: string): Problem => ({
  code: 'NOT_ENCRYPTED',
  message: `${file} does not start as an age file or a Fernet token does.`,
  hint: 'Copy or download it again; a file that isn’t encrypted can be dropped as it is, without the ending .age or .fernet.',
  where: {file},
});

export const wrongPassphrase = (file: string): Problem => ({
  code: 'ENCRYPTED_WRONG_KEY',
  message: `This passphrase doesn’t open ${file}, or the file was changed after it was encrypted.`,
  hint: 'Type it again, and mind capitals, blanks and hyphens. Nothing was taken in.',
  where: {file},
});

export const wrongKey = (file: string): Problem => ({
  code: 'ENCRYPTED_WRONG_KEY',
  message: `This key doesn’t open ${file}, or the file was changed after it was encrypted.`,
  hint: 'Check that it is the key that was shown when this file was made. Nothing was taken in.',
  where: {file},
});

export const wrongIdentity = (file: string): Problem => ({
  code: 'ENCRYPTED_WRONG_KEY',
  message: `${file} was not encrypted for this identity.`,
  hint: 'Give the identity whose public key the sender used. Nothing was taken in.',
  where: {file},
});

export const cutShort = (file: string): Problem => ({
  code: 'ENCRYPTED_CUT_SHORT',
  message: `${file} is cut short: its length is not one that an encrypted file can have.`,
  hint: 'Copy or download it again. Nothing was taken in.',
  where: {file},
});

export const damaged = (file: string, readable?: number): Problem => ({
  code: 'ENCRYPTED_DAMAGED',
  message: `${file} is cut short, or was changed after it was encrypted${readable === undefined ? '' : `: ${count(readable)} bytes could be decrypted, then it no longer adds up`}.`,
  hint: 'Copy or download it again; if that doesn’t help, ask its sender. Nothing was taken in.',
  where: {file},
});

export const tooHard = (file: string): Problem => ({
  code: 'ENCRYPTED_TOO_HARD',
  message: `${file} asks for more work to try a passphrase than is done here.`,
  hint: 'Decrypt it with the age command, and drop what comes out.',
  where: {file},
});

export const armorTooLarge = (file: string): Problem => ({
  code: 'ENCRYPTED_ARMOR_TOO_LARGE',
  message: `${file} is encrypted as text, which is read here up to 64 MB.`,
  hint: 'Let it be encrypted without armor (age without -a), or decrypt it with the age command and drop what comes out.',
  where: {file},
});
