import type {FieldProblem} from '../../forms/context.ts';
import type {Problem} from '../../lib/problem.ts';

export {default as Form} from '../../forms/Form.svelte';

/** A cell's problems that belong beside a field. */
export const problemsOf = (problems: readonly Problem[]): FieldProblem[] =>
  problems.flatMap((problem) =>
    problem.where?.param === undefined
      ? []
      : [{param: problem.where.param, message: problem.message, hint: problem.hint}],
  );
