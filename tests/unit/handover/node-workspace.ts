import {plan} from '../../../src/notebook/plan.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {Runner, type RanCell} from '../../../src/notebook/run.ts';
import type {Handover} from '../../../src/handover/define.ts';
import type {ComputePort, Ports} from '../../../src/ports/index.ts';
import {kernels} from '../../../workers/kernels/index.ts';
import {startNodeEngine} from '../engine/node-engine.ts';
import {result} from '../kernels/run.ts';
import {memoryWorkspace} from '../storage/memory-storage.ts';

/** A workspace of a private window in Node: the engine's wasm, the storage service and the kernels are the real ones. */
export interface NodeWorkspace {
  readonly ports: Ports;
  readonly addFile: (name: string, content: Uint8Array | string) => Promise<void>;
  /** Plans a notebook on the files and tables there are, runs it, and gives what a hand-over is made from. */
  readonly run: (path: string, markdown: string) => Promise<{report: readonly RanCell[]; handover: Handover; runner: Runner}>;
  /** The same without a run: nothing is known of the results. */
  readonly planned: (path: string, markdown: string) => Promise<Handover>;
  readonly close: () => void;
}

export async function nodeWorkspace(): Promise<NodeWorkspace> {
  const {engine, file, close} = await startNodeEngine();
  const workspace = memoryWorkspace();
  const compute: ComputePort = {
    run: async (fn, input, args) => {
      const kernel = kernels[fn];
      if (kernel === undefined) throw new Error(`There is no kernel ${fn}.`);
      return result(kernel, input, args);
    },
  };
  const registerFile = async (name: string, data: File): Promise<void> => file(name, new Uint8Array(await data.arrayBuffer()));
  const ports: Ports = {engine: {...engine, registerFile}, compute, ...workspace};
  const planned = async (path: string, markdown: string): Promise<Handover> => {
    const notebook = parseNotebook(markdown);
    const tables = new Map((await workspace.lake.tables()).map((table) => [table.name.toLowerCase(), table]));
    const files = new Map((await workspace.storage.files()).map((stored) => [stored.name, stored.fingerprint]));
    return {path, notebook, plan: plan(notebook, files, tables, path), known: () => undefined};
  };
  return {
    ports,
    planned,
    close,
    addFile: async (name, content) => void (await workspace.storage.addFile(name, new Blob([typeof content === 'string' ? content : Uint8Array.from(content)]))),
    run: async (path, markdown) => {
      const runner = new Runner(ports);
      const handover = await planned(path, markdown);
      runner.usePlan(handover.plan);
      const report = await runner.run(undefined, {mayWrite: true}, new AbortController().signal);
      return {report, handover: {...handover, known: (hash) => runner.known(hash)}, runner};
    },
  };
}
