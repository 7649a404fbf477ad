import {shellWord} from '../lib/shell.ts';
import type {Encrypted, Encryption} from './define.ts';

/** What opens an encrypted file elsewhere: a command of the shell, or lines of Python. `file` is the name of what is in it. */
export function openingElsewhere(
  {as, wants}: {readonly as: Encryption['as']; readonly wants: Encrypted['wants']},
  file: string,
): {readonly language: 'sh' | 'python'; readonly code: string} {
  if (as === 'age')
    return {
      language: 'sh',
      code: `age -d ${wants === 'identity' ? '-i key.txt ' : ''}${shellWord(`${file}.age`)} > ${shellWord(file)}`,
    };
  const [from, to] = [python(`${file}.fernet`), python(file)];
  if (wants === 'key')
    return {
      language: 'python',
      code: `from getpass import getpass
from cryptography.fernet import Fernet
token = open(${from}, "rb").read()
open(${to}, "wb").write(Fernet(getpass("Key: ")).decrypt(token))
`,
    };
  return {
    language: 'python',
    code: `import base64, getpass, hashlib
from cryptography.fernet import Fernet
head, token = open(${from}, "rb").read().split(b"\\n", 1)
_, _, rounds, salt = head.split()
key = hashlib.pbkdf2_hmac("sha256", getpass.getpass().encode(), base64.urlsafe_b64decode(salt), int(rounds))
open(${to}, "wb").write(Fernet(base64.urlsafe_b64encode(key)).decrypt(token))
`,
  };
}

/** JSON's strings are Python's too. */
const python = (text: string): string => JSON.stringify(text);
