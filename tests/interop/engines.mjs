import {spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {environmentOf, work} from './environment.mjs';

const scripts = join(import.meta.dirname, 'python');

/**
 * An engine as a process of its own: jobs go in and results come out as JSON files, one after another.
 * @typedef {object} Engine
 * @property {string} name
 * @property {string} version
 * @property {(job: {do: string} & Record<string, unknown>) => Promise<{value?: any, error?: {type: string, message: string, code?: string, sqlState?: string}}>} ask gives errors as values
 * @property {(job: {do: string} & Record<string, unknown>) => Promise<any>} call throws them
 * @property {() => Promise<void>} close
 */

/** @typedef {import('./environment.mjs').EngineName} EngineName */

/** @param {EngineName} name @param {string} [module] the engine's Python, when it is not the usual one @returns {Promise<Engine>} */
export async function startEngine(name, module = environmentOf(name).module) {
  const {python, args, env} = environmentOf(name);
  const child = spawn(python, ['-B', join(scripts, 'engine.py'), module, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {...process.env, TZ: 'UTC', ...env},
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints = (complaints + chunk).slice(-20_000)));
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
  const ended = new Promise((done) => child.on('close', done));
  const line = async () => {
    const {value, done} = await lines.next();
    if (done) throw new Error(`${name} ended.\n${complaints}`);
    return JSON.parse(value);
  };

  const {ready} = await line();
  let jobs = 0;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @param {object} job */
  const ask = (job) => {
    const answer = last.then(async () => {
      const path = join(work, `${name}-${module}-${++jobs}.json`);
      writeFileSync(path, JSON.stringify(job));
      child.stdin.write(`${path}\n`);
      const {done} = await line();
      return JSON.parse(readFileSync(done, 'utf8'));
    });
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    name,
    version: ready,
    ask,
    call: async (job) => {
      const {value, error} = await ask(job);
      if (error)
        throw new Error(`${ready}, ${job.do}: ${error.type}: ${error.message.split('\n').slice(0, 6).join('\n')}`);
      return value;
    },
    close: async () => {
      child.stdin.end();
      // The JVM may take its time to say good-bye: nothing of it is needed any more.
      const timer = setTimeout(() => child.kill(), 3000);
      await ended;
      clearTimeout(timer);
    },
  };
}
