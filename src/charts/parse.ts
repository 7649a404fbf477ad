import {p, readParams, type Params, type Read} from '../params/index.ts';
import {marks, type ChartSpec} from './spec.ts';

/** A chart cell's parameters: its form, its defaults and its reader. */
export const chartParams = {
  mark: p.choice(marks, {label: 'Mark', help: 'One of line, area, bar, dot, histogram, box, heatmap.'}),
  x: p.column({label: 'X', default: ''}),
  y: p.columns({
    label: 'Y',
    help: 'Several columns become several lines or bars. A heat map takes its rows here.',
    default: [],
    when: {param: 'mark', is: ['line', 'area', 'bar', 'dot', 'box', 'heatmap']},
  }),
  color: p.column({label: 'Colour', help: 'Each value gets a colour. In a heat map: the number to show.', default: ''}),
  facet: p.column({label: 'Small multiples', help: 'Each value gets a chart of its own, up to nine.', default: ''}),
  aggregate: p.choice(['none', 'avg', 'sum', 'min', 'max', 'median', 'count'], {
    label: 'Aggregate',
    help: 'How several readings at one place become one. Bars and heat maps take the average unless told.',
    default: 'none',
    when: {param: 'mark', is: ['line', 'area', 'bar', 'heatmap']},
  }),
  bins: p.number({
    label: 'Bins',
    help: 'About how many; edges stay round. 0 chooses by the number of rows.',
    default: 0,
    min: 0,
    max: 500,
    integer: true,
    when: {param: 'mark', is: ['histogram']},
  }),
  title: p.text({label: 'Title', default: ''}),
  alerts: p.cell({
    label: 'Alerts',
    help: 'An alerts cell, or a table with timestamp and severity: its alerts are marked on a line, area, bar or dot chart whose x is a time.',
    default: '',
  }),
} satisfies Params;

/** Reads a chart cell's body, YAML already parsed, `from` and `disabled` taken out. */
export function readChart(found: unknown): Read<ChartSpec> {
  const read = readParams(chartParams, found);
  if (!read.ok) return read;
  const {mark, x, y, color, facet, aggregate, bins, title, alerts} = read.value;
  const given = (text: string): string | undefined => (text === '' ? undefined : text);
  return {
    ok: true,
    value: {
      mark,
      x: given(x),
      y,
      color: given(color),
      facet: given(facet),
      aggregate: aggregate === 'none' ? undefined : aggregate,
      bins: bins === 0 ? undefined : bins,
      title: given(title),
      alerts: given(alerts),
    },
  };
}

/** The body `readChart` reads back as `spec`, in the order of the form; what is the default is left out. */
export function chartBody(spec: ChartSpec): Readonly<Record<string, unknown>> {
  const {mark, x, y, color, facet, aggregate, bins, title, alerts} = spec;
  const body = {
    mark,
    x,
    y: y.length === 0 ? undefined : y.length === 1 ? y[0] : y,
    color,
    facet,
    aggregate,
    bins,
    title,
    alerts,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
