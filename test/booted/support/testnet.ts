import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Machine } from './machine.ts';

/** A DHT on the loopback of a machine. */
export interface Testnet {
  /** `127.0.0.1:PORT`, for --bootstrap. */
  readonly address: string;
  /** Ends it; it ends with the machine too. */
  stop(): Promise<void>;
}

/** Starts a DHT on a machine's loopback, and writes a configuration that uses it. */
export async function startTestnet(machine: Machine): Promise<Testnet> {
  const child = machine.start(['pkarrd', 'testnet']);
  if (child.stdout === null) throw new Error('no standard output');
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  await machine.write('/etc/pkarrd/pkarrd.toml', `bootstrap = ["${address}"]\n`);
  return {
    address,
    async stop() {
      const exited = once(child, 'exit');
      // The brackets keep the shell itself out.
      await machine.sh("pkill -f '[p]karrd testnet'");
      await exited;
    },
  };
}
