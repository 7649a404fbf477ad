import {createCompute} from '../../../src/clients/compute.ts';
import type {ComputeContract} from '../../../workers/contract/compute.ts';
import {exposeCompute} from '../../../workers/kernels/expose.ts';

/** A worker whose other end is in this thread: the same messages, no second thread. */
class LocalWorker {
  readonly channel = new MessageChannel();
  ended = false;
  readonly addEventListener: MessagePort['addEventListener'];
  readonly removeEventListener: MessagePort['removeEventListener'];
  readonly postMessage: MessagePort['postMessage'];
  constructor(service: ComputeContract) {
    const {port1, port2} = this.channel;
    exposeCompute(service, port1);
    this.addEventListener = port2.addEventListener.bind(port2);
    this.removeEventListener = port2.removeEventListener.bind(port2);
    this.postMessage = port2.postMessage.bind(port2);
    port2.start();
  }
  terminate(): void {
    this.ended = true;
    this.channel.port1.close();
  }
}

/** The compute port over such workers, each of which serves as the page's does. */
export function local(service: () => ComputeContract) {
  const workers: LocalWorker[] = [];
  const port = createCompute(() => {
    const worker = new LocalWorker(service());
    workers.push(worker);
    return worker;
  });
  return {port, workers};
}
