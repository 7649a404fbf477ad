"""Zips, unpacks and copies a table with the times of its entries, as archivers do: a Delta log's commit times are its files' times."""
import os
import shutil
import struct
import zipfile

# Windows counts 100 ns from 1601.
windows_epoch = 11_644_473_600


def unpack(archive, folder):
    """Extracts with NTFS times (100 ns) where an entry has them, else Unix times (1 s), else the entry's own (2 s, taken as UTC)."""
    with zipfile.ZipFile(archive) as file:
        bad = file.testzip()
        if bad is not None:
            raise ValueError(f'{bad} is broken')
        for entry in file.infolist():
            path = file.extract(entry, folder)
            if not entry.is_dir():
                seconds = modified(entry.extra)
                if seconds is None:
                    raise ValueError(f'{entry.filename} has no time in UTC')
                os.utime(path, ns=(seconds, seconds))
        return [entry.filename for entry in file.infolist()]


def modified(extra):
    found = None
    while len(extra) >= 4:
        tag, size = struct.unpack_from('<HH', extra)
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if tag == 0x000A and size >= 32:
            return (struct.unpack_from('<Q', body, 8)[0] - windows_epoch * 10_000_000) * 100
        if tag == 0x5455 and body[0] & 1:
            found = struct.unpack_from('<i', body, 1)[0] * 1_000_000_000
    return found


def pack(folder, archive):
    """The folder with its own name at the top, hidden files left out as they belong to the engine that wrote them."""
    top = os.path.dirname(folder)
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                if not name.startswith('.'):
                    path = os.path.join(parent, name)
                    file.write(path, os.path.relpath(path, top))


def copy(source, folder):
    """With times to the nanosecond: rounded ones would fall below their millisecond."""
    shutil.copytree(source, folder)
