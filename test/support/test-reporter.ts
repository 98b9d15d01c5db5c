import { inspect } from 'node:util';

/** What the process of a test file reports: one of these on each line, as JSON. */
export type TestEvent =
  | { readonly kind: 'begun'; readonly name: string; readonly nesting: number }
  | {
      readonly kind: 'passed' | 'failed';
      readonly name: string;
      readonly nesting: number;
      readonly milliseconds: number;
      readonly isSuite: boolean;
      readonly skipped?: string;
      readonly todo?: string;
      readonly error?: string;
    };

/** The parts of a node:test event that are used. */
interface NodeTestEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly nesting: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: {
      readonly duration_ms: number;
      readonly type?: string;
      readonly error?: Error & { readonly failureType?: string };
    };
  };
}

// On SIGTERM: the caller waited too long, and needs to know what keeps this process alive.
process.once('SIGTERM', () => {
  console.error(`Kept alive by: ${process.getActiveResourcesInfo().join(', ') || 'nothing'}.`);
  process.exit(143);
});

/** The reporter for `--test-reporter`; its lines go to `--test-reporter-destination`. */
async function* reportTests(source: AsyncIterable<NodeTestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const told = eventOf(event);
    if (told !== undefined) yield `${JSON.stringify(told)}\n`;
  }
}

// biome-ignore lint/style/noDefaultExport: node:test requires the default export of a reporter.
export default reportTests;

function eventOf({ type, data }: NodeTestEvent): TestEvent | undefined {
  const { name, nesting, skip, todo, details } = data;
  if (type === 'test:dequeue') return { kind: 'begun', name, nesting };
  if ((type !== 'test:pass' && type !== 'test:fail') || details === undefined) return undefined;
  return {
    kind: type === 'test:pass' ? 'passed' : 'failed',
    name,
    nesting,
    milliseconds: details.duration_ms,
    isSuite: details.type === 'suite',
    ...(isSaid(skip) && { skipped: String(skip) }),
    ...(isSaid(todo) && { todo: String(todo) }),
    ...(details.error !== undefined && { error: textOf(details.error) }),
  };
}

/** node:test gives a reason, an empty string, true, false or undefined. */
function isSaid(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}

/** The error as text. A suite that fails because of its tests has only a message: the tests report theirs. */
function textOf(error: Error & { readonly failureType?: string }): string {
  const isOfSubtests = error.failureType === 'subtestsFailed';
  return isOfSubtests ? error.message : inspect(error.cause ?? error, { depth: 4 });
}
