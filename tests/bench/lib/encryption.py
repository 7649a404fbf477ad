"""Encrypts a file with cryptography and with the age command: seconds and the peak of memory of a process that does nothing else."""
import json
import os
import shutil
import subprocess
import sys
import time

path, recipient = sys.argv[1:]
fernet = f'''
from cryptography.fernet import Fernet
with open({path!r}, "rb") as file:
    token = Fernet(Fernet.generate_key()).encrypt(file.read())
with open({path + ".fernet"!r}, "wb") as file:
    file.write(token)
'''
ways = {'cryptography': [sys.executable, '-c', fernet]}
if shutil.which('age') is not None:
    ways['age'] = ['age', '-r', recipient, '-o', f'{path}.age', path]

measured = {}
for name, command in ways.items():
    start = time.perf_counter()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f'{name} failed')
    # Kilobytes on Linux.
    measured[name] = {'ms': (time.perf_counter() - start) * 1000, 'peak': usage.ru_maxrss * 1024}
print(json.dumps(measured))
