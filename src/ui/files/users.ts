import type {Notebook} from '../../notebook/cells.ts';

const namesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** The names of the load cells that name a file. */
export const usersOf = (notebook: Notebook, file: string): string[] =>
  notebook.cells.flatMap((cell) =>
    cell.type === 'step' && cell.kind === 'load' && namesOf(cell.values['file']).includes(file) ? [cell.name] : [],
  );

/** The files that the notebook's load cells name, each once. */
export const filesOf = (notebook: Notebook): string[] => [
  ...new Set(
    notebook.cells.flatMap((cell) =>
      cell.type === 'step' && cell.kind === 'load'
        ? namesOf(cell.values['file']).filter((name): name is string => typeof name === 'string' && name !== '')
        : [],
    ),
  ),
];
