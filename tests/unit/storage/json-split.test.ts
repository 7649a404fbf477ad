import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {JsonSplitter, type RawRecord} from '../../../workers/storage/json/split.ts';

function split(text: string, chunk = text.length): RawRecord[] {
  const splitter = new JsonSplitter('a.json');
  const records: RawRecord[] = [];
  for (let at = 0; at < text.length; at += chunk) records.push(...splitter.push(text.slice(at, at + chunk)));
  return [...records, ...splitter.end()];
}

const texts = (text: string): string[] => split(text).map((record) => record.text);
/** Line and text of records, with a mark before broken ones. */
const seen = (text: string): string[] =>
  split(text).map(({line, text: raw, broken}) => `${line}${broken === undefined ? '' : '!'} ${raw}`);

describe('whole records', () => {
  test.each([
    ['NDJSON', '{"a":1}\n{"a":2}\r\n\n{"a":3}', ['{"a":1}', '{"a":2}', '{"a":3}']],
    ['an array', '[{"a":1},{"a":2}]', ['{"a":1}', '{"a":2}']],
    [
      'an array, printed',
      '[\n  {\n    "a": [1, {"b": 2}]\n  },\n  {"a": 2}\n]\n',
      ['{\n    "a": [1, {"b": 2}]\n  }', '{"a": 2}'],
    ],
    [
      'nothing between them',
      '{"a":1}{"a":"}{"}{"a":"\\\\"}{"a":"\\""}',
      ['{"a":1}', '{"a":"}{"}', '{"a":"\\\\"}', '{"a":"\\""}'],
    ],
    ['one object', '{\n"a": {}\n}', ['{\n"a": {}\n}']],
    ['an array in each line', '[1,2]\n[3]', ['1', '2', '3']],
    [
      'an array of scalars',
      '[1, -2.5e3, "a,b]", true, null, NaN, []]',
      ['1', '-2.5e3', '"a,b]"', 'true', 'null', 'NaN', '[]'],
    ],
    ['a byte order mark', '\ufeff{"a":1}', ['{"a":1}']],
    ['nothing', ' \n', []],
    ['an empty array', '[]', []],
    ['lines that hold lists of objects', '{"items":[\n{"a":1},\n{"a":2}\n]}\n', ['{"items":[\n{"a":1},\n{"a":2}\n]}']],
  ])('%s', (_, text, expected) => {
    expect(texts(text)).toEqual(expected);
    expect(split(text).filter(({broken}) => broken !== undefined)).toEqual([]);
  });
});

describe('a bad record costs one record', () => {
  test.each([
    ['a line that breaks off', '{"a":1}\n{"a":\n{"a":3}\n', ['1 {"a":1}', '2! {"a":', '3 {"a":3}']],
    ['the first line breaks off', '{"a":1\n{"a":2}\n', ['1! {"a":1', '2 {"a":2}']],
    ['a string that isn’t closed', '{"a":1}\n{"a":"x}\n{"a":3}\n', ['1 {"a":1}', '2! {"a":"x}', '3 {"a":3}']],
    ['words between', '{"a":1}\nhello, world\n{"a":3}', ['1 {"a":1}', '2! hello, world', '3 {"a":3}']],
    ['a bracket too many', '{"a":1}}{"a":2}', ['1 {"a":1}', '1! }', '1 {"a":2}']],
    [
      'an item of a printed array',
      '[\n  {"a": 1},\n  {"a": ,\n  {"a": 3}\n]',
      ['2 {"a": 1}', '3! {"a": ,', '4 {"a": 3}'],
    ],
    ['the end is missing', '[{"a":1},{"a":2},{"a":', ['1 {"a":1}', '1 {"a":2}', '1! {"a":']],
    ['the end is missing within a string', '{"a":1}\n{"a":"x\\', ['1 {"a":1}', '2! {"a":"x\\']],
    ['white space that JSON doesn’t know', '\u2003\n{"a":1}', ['1! ', '2 {"a":1}']],
  ])('%s', (_, text, expected) => expect(seen(text)).toEqual(expected));

  test('deeper nesting than can be walked', () => {
    const [deep, next] = split(`${'['.repeat(3000)}${']'.repeat(3000)}\n{"a":1}`);
    expect(deep?.broken).toMatch(/1000 levels/);
    expect(next?.text).toBe('{"a":1}');
  });
});

test('where the chunks are cut changes nothing', () => {
  const pieces = [
    '{"a":1}',
    '{"b":"x\\"y"}',
    '{"c":"\\\\"}',
    '\n',
    '[',
    ']',
    ',',
    '{"d":',
    '"open',
    '}',
    ' 12 ',
    'NaN',
    '{"e":[{"f":1}]}\n',
    '\n{',
    '🙂',
    '"s"',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), {maxLength: 30}), fc.integer({min: 1, max: 9}), (parts, chunk) => {
      const text = parts.join('');
      expect(split(text, chunk)).toEqual(split(text));
    }),
    {numRuns: 2000},
  );
});

test('values that are joined in any usual way come back one by one', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  const layouts = [
    (values: string[]) => values.join('\n'),
    (values: string[]) => values.join(''),
    (values: string[]) => `[${values.join(',')}]`,
    (values: string[]) => `[\n${values.map((value) => `  ${value}`).join(',\n')}\n]`,
  ];
  fc.assert(
    fc.property(
      fc.array(object, {minLength: 1}),
      fc.constantFrom(...layouts),
      fc.boolean(),
      (objects, layout, printed) => {
        const values = objects.map((value) => JSON.stringify(value, null, printed ? 2 : 0));
        expect(texts(layout(values)).map((text): unknown => JSON.parse(text))).toEqual(
          values.map((text): unknown => JSON.parse(text)),
        );
      },
    ),
  );
});
