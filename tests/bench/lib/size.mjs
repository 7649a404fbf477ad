/** Whether every part runs on a small size, to see that it still works: its figures mean nothing then. */
export const isSmoke = process.argv.includes('--smoke');

/** A number of rows, or of whatever makes a part long: a hundredth of it, at least `least`, in a smoke run. @param {number} full @param {number} least */
export const sized = (full, least = 1000) => (isSmoke ? Math.max(Math.min(full, least), Math.round(full / 100)) : full);
