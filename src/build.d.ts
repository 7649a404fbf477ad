/** Title and first sentence of every shipped notebook by file name, cut out by the build. */
declare const __SAMPLE_CARDS__: Readonly<Record<string, {readonly title: string; readonly about: string}>>;
