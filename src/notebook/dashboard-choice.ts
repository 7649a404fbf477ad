/** A span of time in microseconds since 1970, UTC. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

export const quickRanges = {'1h': 3.6e9, '24h': 8.64e10, '7d': 6.048e11} as const;
export type QuickRange = keyof typeof quickRanges;

/** What the user chose: a span that ends with the data, a span of his own, or everything. No sensors chosen are all of them. */
export interface Choice {
  readonly range: QuickRange | Extent | undefined;
  readonly sensors: readonly string[];
}

export const noChoice: Choice = {range: undefined, sensors: []};

/** The chosen span with both ends in it; undefined for everything. */
export function spanOf({range}: Choice, extent: Extent | undefined): Extent | undefined {
  if (typeof range !== 'string') return range;
  return extent === undefined ? undefined : {from: extent.to - quickRanges[range], to: extent.to};
}

/** The address's fragment of a dashboard. */
const fragmentKey = '#dashboard';
const timeText = (us: number): string => new Date(us / 1000).toISOString().replace('.000Z', 'Z');
const timeIn = (text: string | null): number | undefined => {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms * 1000;
};

export function fragmentOf({range, sensors}: Choice): string {
  const said = new URLSearchParams();
  if (typeof range === 'string') said.set('last', range);
  else if (range !== undefined) {
    said.set('from', timeText(range.from));
    said.set('to', timeText(range.to));
  }
  for (const sensor of sensors) said.append('sensor', sensor);
  const text = said.toString();
  return `${fragmentKey}${text === '' ? '' : `?${text}`}`;
}

/** What a fragment says; undefined when it is not a dashboard's. */
export function choiceIn(fragment: string): Choice | undefined {
  const [key, text = ''] = fragment.split('?', 2);
  if (key !== fragmentKey) return undefined;
  const said = new URLSearchParams(text);
  const last = said.get('last');
  const [from, to] = [timeIn(said.get('from')), timeIn(said.get('to'))];
  const quick = (Object.keys(quickRanges) as QuickRange[]).find((name) => name === last);
  return {
    range: quick ?? (from === undefined || to === undefined ? undefined : {from, to}),
    sensors: said.getAll('sensor'),
  };
}
