/** A notebook that ships with the app. Its text loads when it is opened. */
export interface Sample {
  readonly path: string;
  readonly title: string;
  /** Its first sentence of prose. */
  readonly about: string;
  text(): Promise<string>;
}

const texts = import.meta.glob<string>('/notebooks/*.md', {query: '?raw', import: 'default'});
// Title and first sentence are cut out when the app is built, so that the cards paint without the notebooks.
const cards: Readonly<Record<string, {title: string; about: string}>> = __SAMPLE_CARDS__;

/** Shipped notebooks in the order a learner meets them. */
export const samples: readonly Sample[] = Object.entries(cards).flatMap(([path, card]) => {
  const load = texts[`/notebooks/${path}.md`];
  return load === undefined ? [] : [{path, ...card, text: load}];
});

/** The address of a data file that ships with the app. */
export const sampleFileUrl = (name: string): string =>
  new URL(`samples/${encodeURIComponent(name)}`, document.baseURI).href;
