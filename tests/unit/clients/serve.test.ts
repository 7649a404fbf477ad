import * as Comlink from 'comlink';
import {expect, test, vi} from 'vitest';
import {serve} from '../../../workers/shared/serve.ts';

interface Counting {
  count(to: number, onStep: (step: number) => void): Promise<number>;
}

test.each([
  ['an answer', 3],
  ['a failure', -1],
])('after %s the callbacks of the call are let go, and not before', async (_what, to) => {
  const {port1, port2} = new MessageChannel();
  serve<Counting>(
    {
      async count(to, onStep) {
        for (let step = 1; step <= Math.abs(to); step++) onStep(step);
        if (to < 0) throw new Error('There is nothing to count.');
        return to;
      },
    },
    port1,
  );
  const remote = Comlink.wrap<Counting>(port2);
  const steps: number[] = [];
  let released = 0;
  const onStep = Object.assign((step: number) => void steps.push(step), {[Comlink.finalizer]: () => released++});
  const answer = await remote.count(to, Comlink.proxy(onStep)).catch((thrown: Error) => thrown.message);
  expect(answer).toBe(to < 0 ? 'There is nothing to count.' : 3);
  await vi.waitFor(() => expect(released).toBe(1));
  expect(steps).toEqual(to < 0 ? [1] : [1, 2, 3]);
  port1.close();
  port2.close();
});
