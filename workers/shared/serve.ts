import * as Comlink from 'comlink';

/** Serves a contract over Comlink. The callbacks of a call are let go once it is answered: their channels would stay open. */
export function serve<Contract extends {readonly [Name in keyof Contract]: (...given: never[]) => Promise<unknown>}>(
  contract: Contract,
  endpoint?: Comlink.Endpoint,
): void {
  const services = Object.entries<(...given: never[]) => Promise<unknown>>(contract).map(([name, service]) => [
    name,
    async (...given: never[]): Promise<unknown> => {
      try {
        return await service(...given);
      } finally {
        for (const each of given as unknown[]) if (isCallback(each)) each[Comlink.releaseProxy]();
      }
    },
  ]);
  Comlink.expose(Object.fromEntries(services), endpoint);
}

/** Functions can't be cloned: one that crossed is a proxy. */
const isCallback = (given: unknown): given is Comlink.ProxyMethods => typeof given === 'function';
