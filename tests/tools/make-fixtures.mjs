/**
 * Writes the small files of tests/fixtures/bad, which tests/fixtures/expectations.ts describes:
 *   node tests/tools/make-fixtures.mjs
 * The Parquet files there come from make-parquet-fixtures.py.
 */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';

const folder = join(import.meta.dirname, '../fixtures/bad');

/** @param {string} text */
const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
/** @param {string} text */
const latin1 = (text) => Buffer.from(text, 'latin1');

const readings =
  'sensor_id,timestamp,temperature\nA,2024-02-01T00:00:00,20.5\nB,2024-02-01T00:10:00,21.25\nC,2024-02-01T00:20:00,\n';
const ndjson = Array.from({length: 5}, (_, i) =>
  JSON.stringify({sensor: `S${i}`, seq: i, reading: {temperature: 20 + i / 2, tags: ['a', 'b']}}),
).join('\n');
/** @param {number} levels @returns {unknown} */
const nested = (levels) => (levels === 0 ? 1 : {in: nested(levels - 1)});
const packed = gzipSync(Array.from({length: 2000}, (_, i) => `${i},${(i * 7919) % 10007}\n`).join(''));

/** @type {Record<string, string | Uint8Array>} */
const files = {
  'empty.csv': '',
  'blank.csv': '\n  \n\n',
  'header-only.csv': 'sensor_id,timestamp,temperature\n',
  'ragged-rows.csv': 'a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n',
  'unclosed-quote.csv': 'id,note\n1,fine\n2,"never closed\n3,also fine\n',
  'unclosed-quote-among-quotes.csv': `id,note\n${Array.from({length: 20}, (_, i) => `${i},"a, b"\n`).join('')}20,"never closed\n21,fine\n22,"c, d"\n`,
  'bom.csv': `\ufeff${readings}`,
  'duplicate-names.csv': 'id,value,value,VALUE\n1,2,3,4\n',
  'empty-names.csv': ',a,,b\n1,2,3,4\n5,6,7,8\n',
  'unnamed-index.csv':
    ',timestamp,TP2\n0,2020-02-01 00:00:00,-0.012\n10,2020-02-01 00:00:10,-0.014\n20,2020-02-01 00:00:19,-0.012\n',
  'odd-names.csv': '"Sensor ID","it""s","naïve 温度","semi;colon","select","a.b","%"\n1,2,3,4,5,6,7\n',
  'many-columns.csv': `${Array.from({length: 300}, (_, i) => `c${i}`).join(',')}\n${Array.from({length: 300}, (_, i) => i).join(',')}\n`,
  'decimal-commas.csv': `Date;Time;CO(GT);T;RH;;\n${Array.from({length: 24}, (_, i) => `10/03/2004;${String(i).padStart(2, '0')}.00.00;${i === 5 ? -200 : `2,${i % 10}`};13,${i % 10};48,9;;\n`).join('')}`,
  'mixed-dates.csv': 'id,day\n1,2024-02-01\n2,01/02/2024\n3,1 Feb 2024\n4,20240201\n',
  'crlf-and-blank-lines.csv': 'a,b\r\n1,2\r\n\r\n3,4\r\n\r\n',
  'tabs.tsv': 'a\tb\n1,5\tx\n2,5\ty\n',
  'utf16.csv': utf16('name;grüße\nJosé;1\n'),
  'utf16-no-mark.csv': Buffer.from('name,value\nJosé,1\nAna,2\n', 'utf16le'),
  'latin1.csv': latin1('name,city\nJosé,Málaga\nJürgen,Köln\n'),
  'wrong-byte-late.csv': Buffer.concat([
    Buffer.from(`name,value\n${'Málaga,1\n'.repeat(20_000)}`),
    latin1('Köln,2\n'),
    Buffer.from('Ávila,3\n'),
  ]),
  'cut.csv.gz': packed.subarray(0, Math.floor(packed.length * 0.6)),
  'members.csv.gz': Buffer.concat([gzipSync('a,b\n1,2\n'), gzipSync('3,4\n')]),
  'json-cut.json': `[\n  ${ndjson.split('\n').join(',\n  ')}`.slice(0, -20),
  'json-broken-line.json': ndjson.replace('"seq":2', '"seq":'),
  'json-concatenated.json': ndjson.replaceAll('\n', ''),
  'json-pretty.json': JSON.stringify(
    ndjson.split('\n').map((line) => JSON.parse(line)),
    null,
    2,
  ),
  'json-one-object.json': '{"device": "pump", "limits": {"max": 90.5}, "channels": [1, 2, 3]}',
  'json-scalars.json': '[21.5, null, 22]',
  'json-deep.json': `${JSON.stringify(nested(40))}\n`,
  'json-too-deep.json': `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}\n{"a":{}}\n`,
  'json-mixed-keys.json': '{"id":1,"ID":2,"":3}\n{"id":9007199254740993,"new":null}\n{"id":"three","id":"last"}\n',
  'json-no-records.json': '[]',
  'json.ndjson.gz': gzipSync(ndjson),
  'workbook.csv': Buffer.from(
    '504b0304140006000800000021000000000000000000000000000000000013000000' +
      Buffer.from('[Content_Types].xml').toString('hex'),
    'hex',
  ),
  'archive.csv': Buffer.from(
    '504b03041400000008000000210000000000000000000000000000000000050000' + Buffer.from('a.csv').toString('hex'),
    'hex',
  ),
  'binary.csv': Uint8Array.from({length: 4096}, (_, i) => (i * i * 31 + (i >> 3) * 17) & 0xff),
};

mkdirSync(folder, {recursive: true});
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
