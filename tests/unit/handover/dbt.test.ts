import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, test} from 'vitest';
import {dbtProject} from '../../../src/handover/dbt.ts';
import {root} from '../../tools/setup.mjs';
import {openPage} from './page.ts';

const notebook = `---
lakebook: 1
title: "Rooms {{ and }} readings"
params: {warm: 20}
---

What arrived. {% raw %} is no Jinja here.

\`\`\`step raw = load
file: '{{ readings }}.csv'
schema: {room: string, temperature: string}
\`\`\`

\`\`\`sql refused
SELECT line, reason FROM raw_rejects
\`\`\`

\`\`\`step typed = cast
from: raw
columns: {temperature: double}
on_failure: reject
\`\`\`

\`\`\`step valid = validate
rules:
  - {column: room, not_null: true, in: [office, "it's {{ 1 }}"]}
on_failure: drop
\`\`\`

\`\`\`step checked = quality
ranges: {temperature: {min: 0, max: 50}}
on_failure: stop
\`\`\`

\`\`\`step once = dedup
from: valid
keys: [room]
disabled: true
\`\`\`

\`\`\`sql warm
SELECT room, '{{ room }}' AS label FROM once WHERE temperature > \${warm} -- warm
\`\`\`

\`\`\`step kept = snapshot
from: valid
table: rooms
\`\`\`

\`\`\`sql from_lake
FROM lake.rooms
\`\`\`

\`\`\`step clustered = kmeans
from: kept
features: [temperature]
handle_invalid: keep
\`\`\`

\`\`\`sql sizes
SELECT cluster, count(*) AS n FROM clustered GROUP BY ALL
\`\`\`
`;

/** The golden file; UPDATE=1 writes it anew. */
function golden(text: string): string {
  const file = join(root, 'tests/golden/handover/dbt.md');
  if (process.env['UPDATE'] === '1' || !existsSync(file)) {
    if (process.env['CI'] !== undefined)
      throw new Error(`${file} is missing: run the tests with UPDATE=1 and read it.`);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
  }
  return readFileSync(file, 'utf8');
}

test('a model for each cell with its refs; what dbt has no place for is named; a notebook’s text is no Jinja', async () => {
  const page = await openPage({
    '{{ readings }}.csv': "room,temperature\noffice,21\nit's {{ 1 }},30\nhall,cold\noffice\nattic,\n",
  });
  try {
    const {handover, report} = await page.run(notebook, 'rooms/2024 Rooms.md');
    expect(report.flatMap(({name, error}) => (error === undefined ? [] : [name, error.message]))).toEqual([]);
    const {files, left} = dbtProject(handover);
    const text = files
      .map((file) => `## ${file.path}\n\n\`\`\`\`${file.path.replace(/^.*\./, '')}\n${file.text}\`\`\`\`\n`)
      .join('\n');
    expect(golden(text)).toBe(text);
    expect(left.map(({cell, why}) => [cell, why.slice(0, 40)])).toEqual([
      ['kept', 'Its rows go on, and lake.rooms isn’t wri'],
      ['from_lake', 'It reads lake.rooms, and there is no lak'],
      ['clustered', 'DuckDB has no kmeans.'],
      ['sizes', 'It reads clustered, which is left out.'],
    ]);
  } finally {
    page.close();
  }
});
