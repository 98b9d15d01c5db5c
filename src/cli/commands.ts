import type { Command } from './command.ts';

/** A command as the list of them shows it; its file is loaded when it is used. */
export interface CommandEntry {
  readonly name: string;
  /** In one line, without a final stop. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order in which people are told of them. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'Answer DNS: names that are keys out of the DHT, all others through upstream resolvers',
    load: async () => (await import('./serve/serve.ts')).serve,
  },
  {
    name: 'demo',
    summary: 'Show everything on this machine alone, with no network at all',
    load: async () => (await import('./serve/demo.ts')).demo,
  },
  {
    name: 'resolve',
    summary: 'Fetch the packet of a key and show its records',
    load: async () => (await import('./ask/resolve.ts')).resolve,
  },
  {
    name: 'keygen',
    summary: 'Make a key',
    load: async () => (await import('./keys/keygen.ts')).keygen,
  },
  {
    name: 'pubkey',
    summary: "Print the public key of a key's file",
    load: async () => (await import('./keys/pubkey.ts')).pubkey,
  },
  {
    name: 'publish',
    summary: 'Sign a zone file with a key and put it into the DHT and to relays',
    load: async () => (await import('./publish/publish.ts')).publish,
  },
  {
    name: 'check',
    summary: 'Read the configuration and say what serve would do',
    load: async () => (await import('./system/check.ts')).check,
  },
  {
    name: 'status',
    summary: 'Show what the running program is doing',
    load: async () => (await import('./system/status.ts')).status,
  },
  {
    name: 'flush',
    summary: 'Make the running program forget answers',
    load: async () => (await import('./system/flush.ts')).flush,
  },
  {
    name: 'log-level',
    summary: 'Change how much the running program logs',
    load: async () => (await import('./system/log-level.ts')).logLevel,
  },
  {
    name: 'testnet',
    summary: 'Run a DHT of its own on loopback',
    load: async () => (await import('./serve/testnet.ts')).testnet,
  },
];

/** The command of that name. */
export function findCommand(name: string): CommandEntry | undefined {
  return commands.find((command) => command.name === name);
}
