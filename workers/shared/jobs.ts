import {cancelled, ProblemError} from '../../src/lib/problem.ts';
import type {OnProgress} from '../contract/files.ts';
import {throttled} from './throttled.ts';

/** Jobs that the page may stop, by its numbers for them. */
export interface Jobs {
  /** Runs `work`, which calls `check` now and then: it throws `CANCELLED` once the job was stopped. */
  run<T>(job: number, work: (check: () => void) => Promise<T>): Promise<T>;
  stop(job: number): void;
}

export function createJobs(): Jobs {
  const running = new Set<number>();
  const stopped = new Set<number>();
  return {
    async run(job, work) {
      running.add(job);
      try {
        return await work(() => {
          if (stopped.has(job)) throw new ProblemError(cancelled);
        });
      } finally {
        running.delete(job);
        stopped.delete(job);
      }
    },
    stop(job) {
      if (running.has(job)) stopped.add(job);
    },
  };
}

/** Runs work that tells its progress, which goes on at most 20 times a second; a job that was stopped ends where it would tell the next. */
export function runTelling<T>(
  jobs: Jobs,
  job: number | undefined,
  onProgress: OnProgress,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const tell = throttled(onProgress);
  if (job === undefined) return work(tell);
  return jobs.run(job, (check) =>
    work((bytes, total) => {
      check();
      tell(bytes, total);
    }),
  );
}
