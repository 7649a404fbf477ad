import {describe, expect, test} from 'vitest';
import type {DashboardEdit} from '../../../src/notebook/dashboard.ts';
import {rename, setDashboard, setFront} from '../../../src/notebook/edit.ts';
import {parseNotebook, serializeNotebook} from '../../../src/notebook/model.ts';

const text = `---
lakebook: 1
title: Compressors
owner: night shift   # nobody asks
dashboard:
  time: timestamp
  refresh: never
  tiles:
    - {figure: gold, value: avg, column: vibration_mms, unit: mm/s}
    # What we look at first.
    - {chart: trend, wide: true}
    - table: alarms
      sensor: device
---

\`\`\`sql gold
SELECT 1 AS vibration_mms
\`\`\`

\`\`\`chart trend
mark: line
\`\`\`

\`\`\`sql alarms
SELECT 1 AS one
\`\`\`
`;
const notebook = parseNotebook(text);
const edited = (...changes: DashboardEdit[]): string => serializeNotebook(changes.reduce(setDashboard, notebook));
/** Lines that are only in one of two texts, `-` and `+`. */
const changed = (before: string, after: string): string[] => [
  ...before
    .split('\n')
    .filter((line) => !after.split('\n').includes(line))
    .map((line) => `-${line}`),
  ...after
    .split('\n')
    .filter((line) => !before.split('\n').includes(line))
    .map((line) => `+${line}`),
];

describe('reading a dashboard', () => {
  test('gives its tiles in order with what the file leaves open', () => {
    const base = {wide: false, title: undefined, time: undefined, sensor: undefined};
    expect(notebook.problems).toEqual([]);
    expect(notebook.dashboard).toEqual({
      time: 'timestamp',
      sensor: undefined,
      tiles: [
        {...base, show: 'figure', cell: 'gold', value: 'avg', column: 'vibration_mms'},
        {...base, show: 'chart', cell: 'trend', wide: true},
        {...base, show: 'table', cell: 'alarms', sensor: 'device'},
      ],
    });
  });

  test('an unedited one gives the same bytes back', () => {
    expect(serializeNotebook(notebook)).toBe(text);
    expect(serializeNotebook(parseNotebook(text.replaceAll('\n', '\r\n')))).toBe(text.replaceAll('\n', '\r\n'));
  });

  test.each([
    ['a list', '[a, b]', /name: value/],
    ['tiles that are no list', '{tiles: {chart: a}}', /have to be a list/],
    ['a tile of nothing', '{tiles: [{wide: true}]}', /Tile 1 .* what it shows of which cell/],
    ['a tile of two things', '{tiles: [{chart: a, table: b}]}', /Tile 1 .* what it shows/],
    ['a tile that is a word', '{tiles: [trend]}', /Tile 1 .* what it shows/],
    ['a misspelt value', '{tiles: [{chart: a}, {figure: a, value: avgg, column: b}]}', /Tile 2 .* avgg/],
    ['a figure of no column', '{tiles: [{figure: a, value: max}]}', /max of no column/],
    ['a column that is a number', '{time: 3}', /time is no column/],
  ])('%s is a problem of the notebook and the rest is read', (_, dashboard, message) => {
    const broken = parseNotebook(`---\ndashboard: ${dashboard}\n---\n\nText\n`);
    expect(broken.problems).toHaveLength(1);
    expect(broken.problems[0]).toMatchObject({
      code: 'NOTEBOOK_DASHBOARD',
      message: expect.stringMatching(message) as string,
    });
    expect(broken.cells).toHaveLength(1);
  });
});

describe('editing a dashboard', () => {
  test('a new tile is one new line, and unknown keys, comments and the other tiles stay', () => {
    expect(changed(text, edited({do: 'add', tiles: [{chart: 'gold', title: undefined}]}))).toEqual([
      '-owner: night shift   # nobody asks',
      '+owner: night shift # nobody asks',
      '+    - {chart: gold}',
    ]);
  });

  test('tiles move, grow, change and go by their place', () => {
    const after = edited(
      {do: 'move', from: 2, to: 0},
      {do: 'set', at: 2, values: {wide: undefined, title: 'A “title”: with colon'}},
      {do: 'remove', at: 1},
    );
    expect(
      parseNotebook(after).dashboard.tiles.map((tile) => [tile?.show, tile?.cell, tile?.wide, tile?.title]),
    ).toEqual([
      ['table', 'alarms', false, undefined],
      ['chart', 'trend', false, 'A “title”: with colon'],
    ]);
    expect(after).toContain('# What we look at first.');
  });

  test('the filters’ columns are set, turned off and left to be found', () => {
    expect(
      parseNotebook(edited({do: 'filter', values: {time: false, sensor: 'compressor_id'}})).dashboard,
    ).toMatchObject({time: false, sensor: 'compressor_id'});
    expect(edited({do: 'filter', values: {time: undefined}})).not.toContain('time: timestamp');
    expect(edited({do: 'filter', values: {time: undefined}})).toContain('refresh: never');
  });

  test('a notebook without a dashboard gets one, whatever stood there', () => {
    for (const front of ['', '---\ntitle: A\n---\n', '---\ndashboard:\n---\n', '---\ndashboard: none\n---\n']) {
      const after = setDashboard(parseNotebook(`${front}\nText\n`), {
        do: 'add',
        tiles: [{table: 'a'}, {figure: 'b', value: 'count'}],
      });
      expect(after.dashboard.tiles.map((tile) => tile?.cell)).toEqual(['a', 'b']);
      expect(serializeNotebook(after)).toContain(
        'dashboard:\n  tiles:\n    - {table: a}\n    - {figure: b, value: count}\n',
      );
    }
  });

  test('a cell that is renamed keeps its tiles', () => {
    const trend = notebook.cells.find((cell) => cell.type === 'chart');
    expect(rename(notebook, trend?.id ?? '', 'vibration').dashboard.tiles.map((tile) => tile?.cell)).toEqual([
      'gold',
      'vibration',
      'alarms',
    ]);
  });

  test('another title leaves the dashboard alone', () => {
    expect(setFront(notebook, {title: 'Other'}).dashboard).toEqual(notebook.dashboard);
  });
});
