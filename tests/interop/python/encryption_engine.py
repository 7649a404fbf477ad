"""What else opens and makes encrypted files: cryptography for Fernet, rage (through pyrage) and, where it is there, the age command for age."""
import base64
import hashlib
import os
import pty
import shutil
import subprocess
import sys

import cryptography
import pyrage
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC


class Engine:
    def __init__(self):
        from importlib.metadata import version

        age = shutil.which('age')
        self.versions = f'cryptography {cryptography.__version__}, rage (pyrage {version("pyrage")})'
        if age is not None:
            self.versions += f', age {subprocess.run([age, "--version"], capture_output=True, text=True, check=True).stdout.strip()}'

    def has_age(self):
        return shutil.which('age') is not None

    def new_key(self):
        return Fernet.generate_key().decode()

    def new_identity(self):
        identity = pyrage.x25519.Identity.generate()
        return {'identity': str(identity), 'recipient': str(identity.to_public())}

    def make_fernet(self, source, target, key):
        write(target, Fernet(key).encrypt(read(source)))

    def make_fernet_by_passphrase(self, source, target, passphrase):
        # The recipe of cryptography's own documentation; salt and rounds stand before the token.
        salt, rounds = os.urandom(16), 1_200_000
        kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=rounds)
        key = base64.urlsafe_b64encode(kdf.derive(passphrase.encode()))
        head = f'fernet pbkdf2-hmac-sha256 {rounds} {base64.urlsafe_b64encode(salt).decode()}\n'
        write(target, head.encode() + Fernet(key).encrypt(read(source)))

    def open_fernet(self, source, target, key):
        write(target, Fernet(key).decrypt(read(source)))

    def make_rage(self, source, target, recipient=None, passphrase=None):
        plain = read(source)
        write(target, pyrage.passphrase.encrypt(plain, passphrase) if recipient is None else pyrage.encrypt(plain, [pyrage.x25519.Recipient.from_str(recipient)]))

    def open_rage(self, source, target, identity=None, passphrase=None):
        sealed = read(source)
        write(target, pyrage.passphrase.decrypt(sealed, passphrase) if identity is None else pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))

    def age(self, args, passphrase=None):
        """The age command, which asks for passphrases on the terminal."""
        if passphrase is None:
            subprocess.run(['age', *args], check=True, capture_output=True)
            return
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp('age', ['age', *args])
        asked, said = 0, b''
        try:
            while chunk := os.read(terminal, 1000):
                said += chunk
                # Encrypting asks twice.
                while said.lower().count(b'passphrase') > asked and said.rstrip().endswith(b':'):
                    asked += 1
                    os.write(terminal, passphrase.encode() + b'\n')
        except OSError:
            pass  # So a terminal ends on Linux.
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise RuntimeError(said.decode(errors='replace'))

    def python(self, code, folder, secret):
        """Runs lines of Python without a terminal, where getpass reads the secret from the input."""
        subprocess.run([sys.executable, '-c', code], cwd=folder, input=f'{secret}\n', text=True, check=True, capture_output=True, start_new_session=True)

    def sha256(self, path):
        with open(path, 'rb') as file:
            return hashlib.file_digest(file, 'sha256').hexdigest()


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def write(path, content):
    with open(path, 'wb') as file:
        file.write(content)
