import {createHash} from 'node:crypto';
import {mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {basename, join} from 'node:path';
import {readyApp} from '../bench/lib/page.mjs';
import {fileFromDisk} from '../tools/app.mjs';
import {same} from './compare.mjs';
import {startEngine} from './engines.mjs';
import {work} from './environment.mjs';

const folder = join(work, 'encrypted');
const passphrase = 'naïve café-lantern 77 ☕';
const largeBytes = 120_000_000;

/**
 * What the page encrypts is opened by cryptography, rage and age, and what they encrypt by the page: an empty file, a small one and one of 120 MB.
 * @param {import('./compare.mjs').Checks} checks
 */
export async function encryptedBothWays(checks) {
  mkdirSync(folder, {recursive: true});
  const [app, engine] = await Promise.all([readyApp(), startEngine('encryption')]);
  try {
    console.log(`Chromium and ${engine.version} are ready.`);
    const {page} = app;
    const key = await engine.call({do: 'new_key'});
    const {identity, recipient} = await engine.call({do: 'new_identity'});
    const hasAge = await engine.call({do: 'has_age'});
    if (!hasAge) console.log('– The age command is left out: it is not installed here. rage is checked.');
    const keyFile = join(folder, 'key.txt');
    writeFileSync(keyFile, `# public key: ${recipient}\n${identity}\n`);
    const contents = [plainFile('empty.csv', 0), plainFile('small.csv', 100_000), plainFile('large.bin', largeBytes)];

    /** What makes and opens each kind elsewhere. @type {Kind[]} */
    const kinds = [
      {
        name: 'Fernet by a key, cryptography',
        how: {as: 'fernet', key},
        secret: key,
        make: (source, target) => engine.call({do: 'make_fernet', source, target, key}),
        open: (source, target) => engine.call({do: 'open_fernet', source, target, key}),
      },
      {
        name: 'Fernet by a passphrase, cryptography',
        how: {as: 'fernet', passphrase},
        secret: passphrase,
        make: (source, target) => engine.call({do: 'make_fernet_by_passphrase', source, target, passphrase}),
        open: undefined,
      },
      {
        name: 'age for a recipient, rage',
        how: {as: 'age', recipients: [recipient]},
        secret: readFileSync(keyFile, 'utf8'),
        make: (source, target) => engine.call({do: 'make_rage', source, target, recipient}),
        open: (source, target) => engine.call({do: 'open_rage', source, target, identity}),
      },
      {
        name: 'age by a passphrase, rage',
        how: {as: 'age', passphrase},
        secret: passphrase,
        make: (source, target) => engine.call({do: 'make_rage', source, target, passphrase}),
        open: (source, target) => engine.call({do: 'open_rage', source, target, passphrase}),
      },
      ...(hasAge
        ? /** @type {Kind[]} */ ([
            {
              name: 'age for a recipient, the age command',
              how: {as: 'age', recipients: [recipient]},
              secret: identity,
              make: (source, target) => engine.call({do: 'age', args: ['-r', recipient, '-o', target, source]}),
              open: (source, target) => engine.call({do: 'age', args: ['-d', '-i', keyFile, '-o', target, source]}),
            },
            {
              name: 'age as text, the age command',
              how: undefined,
              secret: identity,
              make: (source, target) => engine.call({do: 'age', args: ['-a', '-r', recipient, '-o', target, source]}),
              open: undefined,
            },
            {
              name: 'age by a passphrase, the age command',
              how: {as: 'age', passphrase},
              secret: passphrase,
              make: (source, target) => engine.call({do: 'age', args: ['-p', '-o', target, source], passphrase}),
              open: (source, target) => engine.call({do: 'age', args: ['-d', '-o', target, source], passphrase}),
            },
          ])
        : []),
    ];

    for (const kind of kinds) {
      for (const content of contents) {
        const {how, open} = kind;
        if (how !== undefined && open !== undefined)
          await checks.check(`${kind.name}: opens ${content.name} from the page`, async () => {
            const sealed = await encryptedByPage(page, content.path, how);
            const target = join(folder, `opened-${content.name}`);
            await open(sealed, target);
            same('sha256', await engine.call({do: 'sha256', path: target}), content.sha256);
          });
        // Text is for small files.
        if (how === undefined && content.bytes > 50_000_000) continue;
        const made = join(folder, `made-${content.name}`);
        await checks.check(`${kind.name}: its ${content.name} is opened by the page`, async () => {
          await kind.make(content.path, made);
          same('sha256', await openedByPage(page, made, kind.secret), content.sha256);
        });
        if (content.bytes === 0) continue;
        await checks.check(
          `${kind.name}: its ${content.name} is refused by the page when it was changed or cut, or the secret is another`,
          async () => {
            const bytes = readFileSync(made);
            const changed = Buffer.from(bytes);
            const at = bytes.length >> 1;
            // Another letter, so that what is text stays it.
            changed[at] = changed[at] === 65 ? 66 : 65;
            const other =
              kind.secret === passphrase
                ? 'another'
                : kind.secret === key
                  ? await engine.call({do: 'new_key'})
                  : (await engine.call({do: 'new_identity'})).identity;
            const codes = [];
            for (const [sealed, secret] of /** @type {const} */ ([
              [changed, kind.secret],
              [bytes.subarray(0, bytes.length - 1000), kind.secret],
              [bytes, other],
            ])) {
              const path = join(folder, 'refused');
              writeFileSync(path, sealed);
              codes.push(await openedByPage(page, path, secret));
            }
            if (
              !/^ENCRYPTED_(WRONG_KEY|DAMAGED) ENCRYPTED_(WRONG_KEY|DAMAGED|CUT_SHORT) ENCRYPTED_WRONG_KEY$/.test(
                codes.join(' '),
              )
            )
              throw new Error(codes.join(', '));
          },
        );
      }
    }

    await shownLines(checks, app, engine, {key, identity});
    await checks.check('the page that encrypts has no uncaught errors', () => {
      if (app.faults.length > 0) throw new Error(app.faults.join('\n'));
    });
  } finally {
    await Promise.all([app.close(), engine.close()]);
    rmSync(folder, {recursive: true});
  }
}

/**
 * @typedef {object} Kind
 * @property {string} name
 * @property {import('../../src/encrypt/define.ts').Encryption | undefined} how
 * @property {string} secret
 * @property {(source: string, target: string) => Promise<unknown>} make
 * @property {((source: string, target: string) => Promise<unknown>) | undefined} open
 */

/** A cell is exported in the dialog, and opened by the very lines that the dialog shows. @param {import('./compare.mjs').Checks} checks @param {Awaited<ReturnType<typeof readyApp>>} app @param {import('./engines.mjs').Engine} engine @param {{key: string, identity: string}} secrets */
async function shownLines(checks, {page}, engine, {key}) {
  await page.evaluate(async () => {
    await window.lakebook.open("```sql readings\nSELECT i, 'sensor ' || i AS sensor FROM range(200000) r(i)\n```\n");
    await window.lakebook.run('readings');
  });
  const plain = await page.evaluate(async () => (await window.lakebook.export('readings', 'csv')).text());
  const expected = createHash('sha256').update(plain).digest('hex');
  for (const [way, secret] of /** @type {const} */ ([
    ['Passphrase, as a Fernet token', passphrase],
    ['Key, as a Fernet token', key],
  ]))
    await checks.check(`${way}: the lines that the dialog shows open the cell in Python`, async () => {
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', {name: 'Export', exact: true}).click();
      await page.getByRole('menuitem', {name: /^Export readings/}).click();
      await dialog.getByText('CSV', {exact: true}).click();
      await dialog.getByRole('checkbox', {name: 'Encrypt it'}).check();
      await dialog.getByText(way, {exact: true}).click();
      if (secret === key) await dialog.getByLabel(/^Key, 32 bytes/).fill(secret);
      else
        for (const label of ['Passphrase', 'The passphrase again'])
          await dialog.getByLabel(label, {exact: true}).fill(secret);
      await dialog.getByText('How to open it elsewhere').click();
      const code = await dialog.locator('pre').innerText();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', {name: 'Export', exact: true}).click(),
      ]);
      await download.saveAs(join(folder, download.suggestedFilename()));
      await page.keyboard.press('Escape');
      await engine.call({do: 'python', code, folder, secret});
      same('sha256', await engine.call({do: 'sha256', path: join(folder, 'readings.csv')}), expected);
    });
}

/** @param {string} name @param {number} bytes */
function plainFile(name, bytes) {
  const path = join(folder, name);
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  const piece = Buffer.alloc(1_000_000);
  let state = 1;
  for (let at = 0; at < bytes; at += piece.length) {
    for (let i = 0; i + 4 <= piece.length; i += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      piece.writeUInt32LE(state, i);
    }
    const part = piece.subarray(0, Math.min(piece.length, bytes - at));
    hash.update(part);
    writeSync(file, part);
  }
  closeSync(file);
  return {name, path, bytes, sha256: hash.digest('hex')};
}

/** @param {import('playwright-core').Page} page @param {string} path @param {import('../../src/encrypt/define.ts').Encryption} how */
async function encryptedByPage(page, path, how) {
  const file = await fileFromDisk(page, path);
  const sealed = join(folder, `${basename(path)}.sealed`);
  const [download] = await Promise.all([
    page.waitForEvent('download', {timeout: 120_000}),
    page.evaluate(async ([plain, way]) => {
      const url = URL.createObjectURL(await window.lakebook.encrypt(plain, way));
      Object.assign(document.createElement('a'), {href: url, download: 'sealed'}).click();
    }, /** @type {const} */ ([file, how])),
  ]);
  await download.saveAs(sealed);
  await file.dispose();
  return sealed;
}

/** The checksum of what the page finds in a file, or why it refuses. @param {import('playwright-core').Page} page @param {string} path @param {string} secret @returns {Promise<string>} */
async function openedByPage(page, path, secret) {
  const file = await fileFromDisk(page, path);
  const found = await page.evaluate(async ([sealed, by]) => {
    try {
      const plain = await window.lakebook.decrypt(sealed, by);
      const digest = await crypto.subtle.digest('SHA-256', await plain.arrayBuffer());
      return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
    } catch (error) {
      return /** @type {any} */ (error).problem?.code ?? String(error);
    }
  }, /** @type {const} */ ([file, secret]));
  await file.dispose();
  return found;
}
