import type {Handover, HandoverFile} from './define.ts';

/** The files of the workspace that the notebook reads, by name. */
export const inputFiles = ({plan}: Handover): string[] => [
  ...new Set(plan.flatMap((cell) => (cell.ready ? cell.work.files : []))),
];

/** These files of the workspace, as they are, in a folder of a hand-over. */
export const inputsIn = (
  folder: string,
  names: readonly string[],
  read: (name: string) => Promise<Blob>,
): Promise<HandoverFile[]> =>
  Promise.all(names.map(async (name) => ({path: `${folder}${name}`, data: await read(name)})));
