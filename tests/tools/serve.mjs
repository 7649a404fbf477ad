import {readFile, stat} from 'node:fs/promises';
import {createServer} from 'node:http';
import {extname, join, resolve, sep} from 'node:path';
import {promisify} from 'node:util';
import {gzip} from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.parquet': 'application/vnd.apache.parquet',
  '.woff2': 'font/woff2',
};
// The wasm is left as it is: on the same machine unpacking it costs more than moving it.
const packed = new Set(['.html', '.js', '.css', '.json', '.map', '.webmanifest', '.svg', '.md', '.csv', '.txt']);
const compress = promisify(gzip);

/**
 * Serves a folder of static files.
 * @param {object} options
 * @param {string} options.folder
 * @param {string} [options.base] the path the folder is served under, with a slash at both ends
 * @param {string} [options.host]
 * @param {number} [options.port] the next free one is taken when it is in use; 0 is any
 * @param {boolean} [options.isolated] sends the headers that make a page cross-origin isolated
 * @returns {Promise<{url: string, port: number, close: () => Promise<void>}>}
 */
export async function serve({folder, base = '/', host = '127.0.0.1', port = 0, isolated = false}) {
  const top = resolve(folder);
  /** Packed files by path; `tag` tells whether the file is still the same. @type {Map<string, {tag: string, body: Buffer}>} */
  const cache = new Map();

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function answer(request, response) {
    const path = pathOf(request.url ?? '/');
    if (path !== undefined && `${path}/` === base) return send(response, 301, {location: base});
    const file = path?.startsWith(base) ? resolve(top, `.${sep}${path.slice(base.length)}`) : undefined;
    if (file === undefined || (file !== top && !file.startsWith(top + sep)))
      return send(response, 404, {}, 'Not found');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, {allow: 'GET, HEAD'}, 'Method not allowed');

    const target = path?.endsWith('/') ? join(file, 'index.html') : file;
    const found = await stat(target).catch(() => undefined);
    if (!found?.isFile()) return send(response, 404, {}, 'Not found');

    const extension = extname(target);
    const tag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"`;
    const headers = {
      'content-type': types[/** @type {keyof typeof types} */ (extension)] ?? 'application/octet-stream',
      'cache-control': target.startsWith(join(top, 'assets') + sep)
        ? 'public, max-age=31536000, immutable'
        : 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
      etag: tag,
      ...(isolated && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
      }),
    };
    if (request.headers['if-none-match'] === tag) return send(response, 304, headers);

    const asPacked = packed.has(extension) && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = asPacked ? await packedFile(target, tag) : await readFile(target);
    if (asPacked) Object.assign(headers, {'content-encoding': 'gzip'});
    send(response, 200, {...headers, 'content-length': body.length}, request.method === 'HEAD' ? undefined : body);
  }

  /** @param {string} file @param {string} tag */
  async function packedFile(file, tag) {
    const known = cache.get(file);
    if (known?.tag === tag) return known.body;
    const body = await compress(await readFile(file), {level: 6});
    cache.set(file, {tag, body});
    return body;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      if (!response.headersSent) send(response, 500, {}, 'Internal error');
      else response.destroy();
    });
  });
  const taken = await listen(server, host, port);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}${base}`,
    port: taken,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The decoded path of a request, or undefined when it is malformed. @param {string} url */
function pathOf(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://host').pathname);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {import('node:http').OutgoingHttpHeaders} headers @param {string | Buffer} [body] */
function send(response, status, headers, body) {
  response.writeHead(
    status,
    typeof body === 'string' ? {'content-type': 'text/plain; charset=utf-8', ...headers} : headers,
  );
  response.end(body);
}

/** The port that was free. @param {import('node:http').Server} server @param {string} host @param {number} port @returns {Promise<number>} */
function listen(server, host, port) {
  return new Promise((done, failed) => {
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE' && port !== 0 && port < 65535) listen(server, host, port + 1).then(done, failed);
      else failed(error);
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
