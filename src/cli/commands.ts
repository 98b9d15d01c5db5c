import type { Command } from './command.ts';

/** A command in the list of commands; its file is loaded when it is used. */
export interface CommandEntry {
  readonly name: string;
  /** In one line, without a final period. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order of help and README. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'Answer DNS queries: Pkarr names from the DHT, all other names through upstream resolvers',
    load: async () => (await import('./serve/serve.ts')).serve,
  },
  {
    name: 'demo',
    summary: 'Show everything on this machine, without a network',
    load: async () => (await import('./serve/demo/demo.ts')).demo,
  },
  {
    name: 'resolve',
    summary: 'Fetch the signed packet of a key from the network and show its records',
    load: async () => (await import('./ask/resolve.ts')).resolve,
  },
  {
    name: 'watch',
    summary: 'Tell when the packet of a key changes, ages or is gone, and start a program then',
    load: async () => (await import('./watch/watch.ts')).watch,
  },
  {
    name: 'history',
    summary: 'Show the last packets of a key that the running pkarrd saw',
    load: async () => (await import('./watch/history.ts')).history,
  },
  {
    name: 'keygen',
    summary: 'Generate a key pair, or import one',
    load: async () => (await import('./keys/keygen.ts')).keygen,
  },
  {
    name: 'pubkey',
    summary: 'Print the public key of a key file',
    load: async () => (await import('./keys/pubkey.ts')).pubkey,
  },
  {
    name: 'backup',
    summary: 'Print the secret of a key file as words, for a backup on paper',
    load: async () => (await import('./keys/backup.ts')).backup,
  },
  {
    name: 'publish',
    summary: 'Sign a zone file and publish it to the DHT and to relays',
    load: async () => (await import('./publish/publish.ts')).publish,
  },
  {
    name: 'certificate',
    summary: 'Make a certificate for DNS over HTTPS and TLS, or the certificate of a key',
    load: async () => (await import('./certificate/certificate.ts')).certificate,
  },
  {
    name: 'check',
    summary: 'Validate the configuration and show the effective settings',
    load: async () => (await import('./system/check.ts')).check,
  },
  {
    name: 'status',
    summary: 'Show the state of the running pkarrd',
    load: async () => (await import('./system/status.ts')).status,
  },
  {
    name: 'query',
    summary: 'Ask the running pkarrd for the records of a name',
    load: async () => (await import('./ask/query/query.ts')).query,
  },
  {
    name: 'doctor',
    summary: 'Say what is wrong with name resolution on this machine, and what to do',
    load: async () => (await import('./system/doctor.ts')).doctor,
  },
  {
    name: 'name',
    summary: 'Give keys names of your own: add, remove and list them',
    load: async () => (await import('./system/name.ts')).name,
  },
  {
    name: 'flush',
    summary: 'Flush the caches of the running pkarrd',
    load: async () => (await import('./system/flush.ts')).flush,
  },
  {
    name: 'reload',
    summary: 'Have the running pkarrd read its configuration again',
    load: async () => (await import('./system/reload.ts')).reload,
  },
  {
    name: 'log-level',
    summary: 'Change the log level of the running pkarrd',
    load: async () => (await import('./system/log-level.ts')).logLevel,
  },
  {
    name: 'install',
    summary: 'Make pkarrd a service that starts with the machine',
    load: async () => (await import('./system/install.ts')).install,
  },
  {
    name: 'uninstall',
    summary: 'Remove the service',
    load: async () => (await import('./system/uninstall.ts')).uninstall,
  },
  {
    name: 'integrate',
    summary: 'Make every program of this machine ask pkarrd, or undo that',
    load: async () => (await import('./system/integrate.ts')).integrate,
  },
  {
    name: 'testnet',
    summary: 'Run a test DHT on loopback',
    load: async () => (await import('./serve/testnet.ts')).testnet,
  },
];

/** The command with this name. */
export function findCommand(name: string): CommandEntry | undefined {
  return commands.find((command) => command.name === name);
}
