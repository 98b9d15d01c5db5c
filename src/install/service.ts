/** What every service manager is told of pkarrd. Each file that is generated says it in the words of its own. */
export const service = {
  description: 'Local DNS resolver for public-key names and for every other name',
  /** Variables of the program, and what they are for. */
  environment: [
    {
      name: 'NODE_OPTIONS',
      value: '--max-old-space-size=128 --max-semi-space-size=2 --v8-pool-size=1',
      why: [
        "The limit of each process's heap in MB: enough for the packet cache at its default size; with a larger one pkarrd does",
        'not start, and says so. A small semi-space keeps 60 MB of garbage out of memory, and one thread of V8 beside those of',
        'pkarrd is enough.',
      ],
    },
    {
      name: 'MALLOC_ARENA_MAX',
      value: '1',
      why: [
        'What one thread has freed, another can use: little is allocated there, and each arena keeps what it once had.',
      ],
    },
    {
      name: 'BUN_JSC_forceRAMSize',
      value: '100663296',
      why: [
        'The same for the one file, which takes this for the memory of the machine, in bytes. For caches above the default,',
        'use six times their size.',
      ],
    },
    {
      name: 'BUN_JSC_smallHeapRAMFraction',
      value: '0.3',
      why: [
        'Up to this part of it the heap may double before it is collected, and above grow by a quarter: 40 MB less when many ask.',
      ],
    },
    {
      name: 'BUN_JSC_mediumHeapRAMFraction',
      value: '0.3',
      why: [],
    },
    {
      name: 'BUN_JSC_useFTLJIT',
      value: '0',
      why: ['The highest tier of its compiler takes 8 MB, and saves no time in what pkarrd does.'],
    },
  ],
  /** RLIMIT_NOFILE of each process. */
  openFiles: 16_384,
  /** Seconds to end in; it takes 2 at most. */
  stopSeconds: 5,
  configuration: '/etc/pkarrd',
  state: '/var/lib/pkarrd',
  runtime: '/run/pkarrd',
} as const;

/** The words that run this program, `serve` not among them. */
export type ProgramWords = readonly [string, ...string[]];

/** A file that an installation has. */
export interface WantedFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
}

/** The first line of the files that we write, by which we know them again; a comment in all of their languages but one. */
export const MARK = 'Written by "pkarrd install"; "pkarrd uninstall" removes it.';

/** A unit of systemd, or a drop-in, that we write. */
export function unitFile(path: string, content: string): WantedFile {
  return { path, content: `# ${MARK}\n${content}`, mode: 0o644 };
}
