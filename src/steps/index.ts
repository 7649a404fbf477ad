import {aggregate} from './aggregate.ts';
import {alerts} from './alerts.ts';
import {alignSchema} from './align-schema.ts';
import {auditColumns} from './audit-columns.ts';
import {cast} from './cast.ts';
import {dedup} from './dedup.ts';
import type {Step} from './define.ts';
import {derive} from './derive.ts';
import {dropNulls} from './drop-nulls.ts';
import {extract} from './extract.ts';
import {fill} from './fill.ts';
import {filter} from './filter.ts';
import {join} from './join.ts';
import {kmeans} from './kmeans.ts';
import {load} from './load.ts';
import {mask} from './mask.ts';
import {outliers} from './outliers.ts';
import {rateOfChange} from './rate-of-change.ts';
import {quality} from './quality/index.ts';
import {postgres} from './postgres.ts';
import {readTable} from './read-table.ts';
import {rename} from './rename.ts';
import {rolling} from './rolling.ts';
import {select} from './select.ts';
import {simulate} from './simulate.ts';
import {snapshot} from './snapshot.ts';
import {thresholds} from './thresholds.ts';
import {timeFeatures} from './time-features.ts';
import {union} from './union.ts';
import {validate} from './validate.ts';

/** A step whatever its parameters are. */
export type AnyStep = Step;

/** Every kind of step, in menu order. */
export const steps: readonly AnyStep[] = [
  load,
  simulate,
  readTable,
  union,
  join,
  select,
  rename,
  derive,
  filter,
  cast,
  extract,
  alignSchema,
  auditColumns,
  mask,
  validate,
  dedup,
  dropNulls,
  fill,
  outliers,
  rolling,
  rateOfChange,
  thresholds,
  timeFeatures,
  quality,
  aggregate,
  alerts,
  snapshot,
  postgres,
  kmeans,
];

export const stepKinds: readonly string[] = steps.map((step) => step.kind);

export const stepOf = (kind: string): AnyStep | undefined => steps.find((step) => step.kind === kind);
