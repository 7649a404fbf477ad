/** Gives a file to the user as a download. */
export function saveFile(file: File): void {
  const url = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), {href: url, download: file.name});
  link.click();
  // The browser has taken the file by then; a large one is read from disk, not from the address.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
