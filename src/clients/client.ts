import * as Comlink from 'comlink';
import type {Outcome, WorkerError} from '../../workers/contract/outcome.ts';
import {Lifetime} from '../lib/lifetime.ts';
import {cancelled, ProblemError, problemOf, type Problem} from '../lib/problem.ts';

/** What a client needs of a Worker. */
export interface WorkerLike extends Comlink.Endpoint {
  terminate(): void;
}

/** The other end of a client: a worker, or its services in this very thread. */
export interface Connection<Contract> {
  readonly remote: Contract;
  /** `listener` hears of an error that nothing in the worker caught, with what the browser says of it. */
  readonly onError: (listener: (said: string) => void) => void;
  readonly terminate: () => void;
}

/** What ends a worker: an error before it first answered or after, a failure that is fatal, a stop that it doesn't answer. */
export type End = 'not started' | 'broke down' | 'fatal' | 'deaf';

/** How the workers of one kind start, stop and end. */
export interface Manner<Contract> {
  readonly connect: () => Connection<Contract>;
  /** A worker is started with the client, and anew as soon as one has ended; otherwise with the call that needs one. */
  readonly startsAtOnce?: boolean;
  /** What a worker has to answer before anything else is asked. */
  readonly startUp?: (remote: Contract) => Promise<unknown>;
  /** What calls under way reject with when their worker ends. */
  readonly problemOf: (end: End, said: string) => Problem;
  /** Asks a worker to stop a job, whose outcome then says so. Without it a stop ends the worker. */
  readonly cancel?: (remote: Contract, job: number) => Promise<void>;
  /** How long a job may take to stop before its worker is ended, in milliseconds; as long as it likes when absent. */
  readonly patience?: number;
}

export function overWorker<Contract>(worker: WorkerLike): Connection<Contract> {
  return {
    // The cast: a contract has asynchronous methods only, and so has Comlink's proxy.
    remote: Comlink.wrap<Contract>(worker) as Contract,
    onError: (listener) =>
      // The cast: a Worker's event has a message; a file that can't be loaded gives an event without.
      worker.addEventListener('error', (event) => listener((event as Partial<ErrorEvent>).message ?? '')),
    terminate: () => worker.terminate(),
  };
}

let lastJob = 0;

/** One worker, from its start to its end. When it ends, whoever waits for an answer hears why. */
export class Life<Contract> {
  readonly #remote: Contract;
  readonly #terminate: () => void;
  readonly #lifetime = new Lifetime();
  /** Undefined where a worker can be asked at once. */
  readonly #ready: Promise<unknown> | undefined;

  /** `onEnd` is called when it has ended, with whether it ever answered. */
  constructor(
    private readonly manner: Manner<Contract>,
    private readonly onEnd: (why: Problem, wasUp: boolean) => void = ignore,
  ) {
    const {remote, onError, terminate} = manner.connect();
    this.#remote = remote;
    this.#terminate = terminate;
    this.#ready = manner.startUp && this.#lifetime.during(manner.startUp(remote));
    let isUp = this.#ready === undefined;
    const end = (why: Problem): void => this.#end(why, isUp);
    this.#ready?.then(
      () => (isUp = true),
      (thrown: unknown) => end(problemOf(thrown)),
    );
    onError((said) => end(manner.problemOf(isUp ? 'broke down' : 'not started', said)));
  }

  get isOver(): boolean {
    return this.#lifetime.over;
  }

  /** Ends the worker, if it isn't over. */
  end(why: Problem): void {
    this.#end(why, true);
  }

  #end(why: Problem, wasUp: boolean): void {
    if (this.isOver) return;
    this.#terminate();
    this.#lifetime.end(new ProblemError(why));
    this.onEnd(why, wasUp);
  }

  /** An answer as it is. */
  async ask<T>(send: (remote: Contract) => Promise<T>): Promise<T> {
    await this.#ready;
    return this.#lifetime.during(send(this.#remote));
  }

  /** Runs one job: its value, or its problem thrown as a `ProblemError`. */
  async call<T>(send: (remote: Contract, job: number) => Promise<Outcome<T>>, signal?: AbortSignal): Promise<T> {
    const {cancel, patience, problemOf} = this.manner;
    const job = ++lastJob;
    const stopped = new Lifetime();
    let isSent = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      if (cancel === undefined) return this.end(cancelled);
      if (!isSent) return stopped.end(new ProblemError(cancelled));
      cancel(this.#remote, job).catch(ignore);
      if (patience === undefined) return;
      timer = setTimeout(() => {
        // This job's own answer first: to its caller it was stopped, and only the others lost their worker.
        stopped.end(new ProblemError(cancelled));
        this.end(problemOf('deaf', ''));
      }, patience);
    };
    try {
      return await stoppable(signal, stop, async () => {
        // With nothing to wait for, the job is sent before the caller goes on.
        if (this.#ready !== undefined) await stopped.during(this.#ready);
        isSent = true;
        const outcome = await stopped.during(this.#lifetime.during(send(this.#remote, job)));
        if (outcome.ok) return outcome.value;
        if (outcome.error.fatal === true) this.end(problemOf('fatal', ''));
        throw new ProblemError(problemOfWorker(outcome.error));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Work of several calls that a stop in their midst ends together with the worker. */
  whole<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return stoppable(
      signal,
      () => this.end(cancelled),
      async () => {
        await this.#ready;
        return work();
      },
    );
  }
}

/** Workers of one kind, one at a time: when one has ended, the next call has a new one. */
export class Client<Contract> {
  readonly #listeners = new Set<(why: string) => void>();
  readonly #problemListeners = new Set<(problem: Problem) => void>();
  #running: Life<Contract> | undefined;

  constructor(private readonly manner: Manner<Contract>) {
    if (manner.startsAtOnce === true) this.#running = this.#begin();
  }

  /** The worker there is. */
  get running(): Life<Contract> | undefined {
    return this.#running;
  }

  /** The worker there is, or a new one. */
  get life(): Life<Contract> {
    return (this.#running ??= this.#begin());
  }

  ask<T>(send: (remote: Contract) => Promise<T>): Promise<T> {
    return this.life.ask(send);
  }

  async call<T>(send: (remote: Contract, job: number) => Promise<Outcome<T>>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.life.call(send, signal);
    } catch (thrown) {
      for (const listener of this.#problemListeners) listener(problemOf(thrown));
      throw thrown;
    }
  }

  /** Called with what any call rejects with. */
  onProblem(listener: (problem: Problem) => void): void {
    this.#problemListeners.add(listener);
  }

  /** Called when a worker has ended and a new one starts at once. Returns the way to stop listening. */
  onRestart(listener: (why: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #begin(): Life<Contract> {
    return new Life(this.manner, (why, wasUp) => {
      if (this.manner.startsAtOnce !== true) {
        this.#running = undefined;
        return;
      }
      // A worker that can't even load would be started again for ever.
      if (!wasUp) return;
      this.#running = this.#begin();
      for (const listener of this.#listeners) listener(why.message);
    });
  }
}

/** Runs `work`, and `stop` when it is aborted meanwhile. */
async function stoppable<T>(signal: AbortSignal | undefined, stop: () => void, work: () => Promise<T>): Promise<T> {
  if (signal?.aborted === true) throw new ProblemError(cancelled);
  signal?.addEventListener('abort', stop, {once: true});
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

const problemOfWorker = ({fatal: _, ...problem}: WorkerError): Problem =>
  problem.code === cancelled.code ? cancelled : problem;

const ignore = (): void => undefined;
