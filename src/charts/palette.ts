export type Theme = 'light' | 'dark';

/**
 * Observable's categorical colours, told apart by readers with any colour vision, and two more; a page may override each as
 * `--series-1` … `--series-12`.
 */
const categorical = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#1f7a8c',
  '#c44536',
  '#b8a9c9',
];

export const seriesColors: readonly string[] = categorical.map((color, i) => `var(--series-${i + 1}, ${color})`);
export const otherColor = 'var(--series-other, #9498a0)';
export const firstColor = seriesColors[0] ?? '#4269d0';

/** Low to high, as viridis' relatives go: the low end is near the page's background. */
export const ramps: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#eef3fb', '#c9dcf2', '#96bfe6', '#5d9bd3', '#3273b5', '#1d4f8f', '#15315f'],
  dark: ['#16233a', '#1c3f68', '#25619a', '#3b86c0', '#65abd8', '#9ccdea', '#dcf0f8'],
};

/** How what the pointer shows looks. */
export const tipLook = {
  fill: 'var(--surface, white)',
  stroke: 'var(--line-strong, #ccc)',
  textPadding: 8,
  fontSize: 11,
  lineHeight: 1.35,
  lineWidth: 40,
};
