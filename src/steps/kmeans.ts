import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {unusedName} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {stopIf} from '../sql/stop.ts';
import type {Column} from '../sql/types.ts';
import {checkFamily, checkNames, checkSome, columnsNamed, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input} from './define.ts';

/** The columns that the kernel makes, beside those of the input or those of the features. */
const made = {rows: ['cluster', 'distance'], centres: ['cluster', 'size']} as const;

/** The features as DOUBLE, a row for each row of the input in its order; with `strict`, missing values stop it. */
function features(columns: readonly Column[], input: Input, strict: boolean): Sql {
  const selected = sql`SELECT ${join(columns.map((column) => sql`${id(column.name)}::DOUBLE AS ${id(column.name)}`))} FROM ${input.relation}`;
  if (!strict) return selected;
  // The kernel can't place an infinity either.
  const missing = join(
    columns.map((column) => sql`NOT coalesce(isfinite(${id(column.name)}::DOUBLE), false)`),
    ' OR ',
  );
  return sql`${selected} WHERE ${stopIf({
    code: 'MISSING_FEATURE',
    when: sql`(SELECT 1 FROM ${input.relation} WHERE ${missing})`,
    message: [
      sql`count(*)`,
      sql`if(count(*) = 1, ' row lacks', ' rows lack')`,
      lit(` a finite value in ${list(columns.map((column) => column.name))}; k-means needs all of them.`),
    ],
  })}`;
}

export const kmeans = defineStep({
  kind: 'kmeans',
  version: 1,
  group: 'learn',
  title: 'k-means',
  sentence: ({k, features: names, give}) =>
    `${give === 'centres' ? `Centres of ${k} clusters` : `Cluster into ${k}`} by ${list(names) || 'features'}`,
  lesson: {
    what: 'Finds k centres such that rows lie close to the nearest one, and gives each row its `cluster` and its `distance` to the centre. Names and defaults are those of Spark’s KMeans: k 2, max_iter 20, tol 1e-4. Below the rows are the centres, the inertia, the silhouette and the elbow curve. Rows stay in their order. With `give: centres` the table is that of the centres instead, a row for each cluster, to chart, to join or to keep in the lake.',
    why: 'Nobody has written down which of your sensors stand beside a machine. If temperature, humidity and pressure together fall into two groups, k-means finds them without being told, and a large distance points at readings that belong to neither.',
    without:
      'You set thresholds for one signal at a time and miss what only shows in several together. Mind the scale: a pressure of 1013 hPa drowns a humidity between 0 and 1, so set `standardize` unless the units are comparable. Cluster 0 is the largest. Spark draws other starting centres: it finds the same clusters where they are apart, but may number those of one size otherwise, and where they touch, a row between two may fall to the other. Spark’s handleInvalid “skip” is a drop_nulls step before this one. DuckDB has no k-means, so the exported SQL leaves this step out and names it.',
  },
  input: 'one',
  effect: 'same',
  effectOf: ({give}) => (give === 'centres' ? 'new' : 'same'),
  clusters: {column: 'cluster', distance: 'distance'},
  params: {
    features: p.columns({label: 'Features', help: 'Columns of numbers.', types: 'number'}),
    k: p.number({label: 'Clusters (k)', default: 2, min: 1, max: 1000, integer: true}),
    max_iter: p.number({label: 'Most iterations', help: 'Spark calls it maxIter.', default: 20, min: 1, integer: true}),
    tol: p.number({label: 'Tolerance', help: 'Stops when no centre moves farther.', default: 1e-4, min: 0}),
    seed: p.number({label: 'Seed', default: 1, integer: true}),
    n_init: p.number({
      label: 'Starts',
      help: 'The best of so many is kept; Spark makes one.',
      default: 10,
      min: 1,
      max: 100,
      integer: true,
    }),
    standardize: p.flag({
      label: 'Divide by the standard deviation first',
      help: 'Spark’s StandardScaler.',
      default: false,
    }),
    handle_invalid: p.choice(['error', 'keep'], {
      label: 'Rows with a missing feature',
      help: 'Stop, or keep them with no cluster; drop_nulls takes them out.',
      default: 'error',
    }),
    elbow_max: p.number({label: 'Elbow up to k', help: '0 draws none.', default: 8, min: 0, max: 50, integer: true}),
    give: p.choice(['rows', 'centres'], {
      label: 'Gives',
      help: 'The rows with their cluster, or each cluster’s centre and size.',
      default: 'rows',
      later: true,
    }),
  },
  check: ({features: names, give}, inputs) => {
    const input = inputOf(inputs);
    const beside = give === 'centres' ? columnsNamed(names, input.columns) : input.columns;
    const taken = made[give].filter((name) => findColumn(name, beside) !== undefined);
    return [
      ...checkSome(names, 'features', 'No feature is named.', 'Name columns of numbers.'),
      ...checkFamily(names, input, 'features', 'number', 'k-means'),
      ...checkNames(names, 'features'),
      ...taken.map((name) => ({
        code: 'NAME_TAKEN',
        message: `${input.name} has a column called ${name} already, and k-means adds one.`,
        hint: 'Rename it in a step before.',
        column: name,
      })),
    ];
  },
  toSql: ({features: names, k, max_iter, tol, seed, n_init, standardize, handle_invalid, elbow_max, give}, inputs) => {
    const input = inputOf(inputs);
    const columns = columnsNamed(names, input.columns);
    const empty = columns.map(({name}) => sql`NULL::DOUBLE AS ${id(name)}`);
    return {
      kind: 'kernel',
      fn: 'kmeans',
      features: features(columns, input, handle_invalid === 'error'),
      args: {k, max_iter, tol, seed, n_init, standardize, elbow_max, give},
      gives: give === 'centres' ? 'rows' : 'columns',
      inSql: false,
      shown:
        give === 'centres'
          ? sql`-- Lakebook's kernel fills these columns; plain SQL has no k-means.\nSELECT cluster::INTEGER AS cluster, NULL::INTEGER AS size, ${join(empty)} FROM range(${lit(k)}) AS centres(cluster)`
          : sql`-- Lakebook's kernel fills these two columns; plain SQL has no k-means.\nSELECT *, NULL::INTEGER AS cluster, NULL::DOUBLE AS distance FROM ${input.relation}`,
    };
  },
  toPySpark: (
    {features: names, k, max_iter, tol, seed, n_init, standardize, handle_invalid, give},
    {target, frames: [frame = 'df'], inputs},
  ) => {
    const columns = inputs[0]?.columns ?? [];
    const real = columnsNamed(names, columns).map((column) => column.name);
    const vector = unusedName('features', columns);
    const scaled = unusedName('scaled', [...columns, {name: vector, type: ''}]);
    const used = standardize ? scaled : vector;
    const finite = real.map((name) => `(F.abs(${col(name)}.cast('double')) < float('inf'))`).join(' & ');
    return [
      'from pyspark.ml import Pipeline',
      'from pyspark.ml.clustering import KMeans',
      `from pyspark.ml.feature import ${standardize ? 'StandardScaler, ' : ''}VectorAssembler`,
      'from pyspark.ml.functions import vector_to_array',
      `finite = F.coalesce(${finite}, F.lit(False))`,
      `complete = ${frame}.where(finite)`,
      ...(handle_invalid === 'keep'
        ? []
        : [
            `if complete.count() < ${frame}.count():`,
            `    raise ValueError(${py(`Rows lack a finite value in ${list(real)}; k-means needs all of them.`)})`,
          ]),
      'vectors = Pipeline(stages=[',
      `    VectorAssembler(inputCols=${py(real)}, outputCol=${py(vector)}, handleInvalid='keep'),`,
      ...(standardize ? [`    StandardScaler(inputCol=${py(vector)}, outputCol=${py(scaled)}),`] : []),
      ']).fit(complete)',
      'rows = vectors.transform(complete).cache()',
      '# Spark starts once, from centres of its own: the best of several starts is kept, as in Lakebook.',
      'models = [',
      `    KMeans(k=${k}, maxIter=${max_iter}, tol=${tol}, seed=n, featuresCol=${py(used)}).fit(rows)`,
      `    for n in range(${seed}, ${seed} + ${n_init})`,
      ']',
      'centres = min(models, key=lambda model: model.summary.trainingCost).clusterCenters()',
      '# The largest cluster is number 0.',
      `values = vector_to_array(${col(used)})`,
      'distances = F.array(*[',
      '    F.sqrt(sum(((values[i] - float(x)) ** 2 for i, x in enumerate(centre)), F.lit(0.0)))',
      '    for centre in centres',
      '])',
      'nearest = F.array_position(distances, F.array_min(distances)) - 1',
      "sizes = rows.groupBy(nearest.alias('n')).count().orderBy(F.desc('count'), 'n').collect()",
      "number = F.array_position(F.array(*[F.lit(row['n']) for row in sizes]), nearest) - 1",
      ...(give === 'centres'
        ? assign(target, 'rows', [
            "groupBy(number.cast('int').alias('cluster'))",
            `agg(${["F.count('*').cast('int').alias('size')", ...real.map((name) => `F.avg(${col(name)}.cast('double')).alias(${py(name)})`)].join(', ')})`,
            "orderBy('cluster')",
          ])
        : assign(target, `vectors.transform(${frame})`, [
            "withColumn('cluster', F.when(finite, number.cast('int')))",
            "withColumn('distance', F.when(finite, F.array_min(distances)))",
            `drop(${[vector, ...(standardize ? [scaled] : [])].map((name) => py(name)).join(', ')})`,
          ])),
    ];
  },
  charts: {elbow: {mark: 'line', x: 'k', y: 'inertia'}},
  examples: [
    {
      name: 'two groups of readings',
      params: {features: ['temperature', 'humidity'], k: 2},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'INTEGER'},
        rows: [
          ['s-1', 21, 50],
          ['s-2', 22, 52],
          ['s-3', 35, 20],
          ['s-4', 36, 22],
        ],
      },
      expect: {
        columns: {
          sensor_id: 'VARCHAR',
          temperature: 'DOUBLE',
          humidity: 'INTEGER',
          cluster: 'INTEGER',
          distance: 'DOUBLE',
        },
        rows: [
          ['s-1', 21, 50, 0, 1.118033988749895],
          ['s-2', 22, 52, 0, 1.118033988749895],
          ['s-3', 35, 20, 1, 1.118033988749895],
          ['s-4', 36, 22, 1, 1.118033988749895],
        ],
      },
    },
    {
      name: 'the centres instead of the rows',
      params: {features: ['temperature', 'humidity'], k: 2, standardize: true, handle_invalid: 'keep', give: 'centres'},
      input: {
        columns: {size: 'INTEGER', temperature: 'DOUBLE', humidity: 'INTEGER'},
        rows: [
          [1, 35, 20],
          [2, 21, 50],
          [3, null, 52],
          [4, 22, 52],
          [5, 36, 22],
          [6, 37, 21],
        ],
      },
      expect: {
        columns: {cluster: 'INTEGER', size: 'INTEGER', temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          [0, 3, 36, 21],
          [1, 2, 21.5, 51],
        ],
      },
    },
    {
      name: 'a row with a missing feature keeps its place, without a cluster',
      params: {features: ['temperature'], k: 2, handle_invalid: 'keep', standardize: false},
      input: {columns: {temperature: 'DOUBLE'}, rows: [[20], [null], [20], ['NaN'], [30]]},
      expect: {
        columns: {temperature: 'DOUBLE', cluster: 'INTEGER', distance: 'DOUBLE'},
        rows: [
          [20, 0, 0],
          [null, null, null],
          [20, 0, 0],
          ['NaN', null, null],
          [30, 1, 0],
        ],
      },
    },
  ],
});
