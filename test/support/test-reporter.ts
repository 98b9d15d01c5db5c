import { inspect } from 'node:util';

/** What a process that runs a test file says of its tests: one of these on each line, as JSON. */
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

/** An event of node:test, as far as it is looked at. */
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

// Asked to end: whoever asks waited too long, and wants to know what this process waits for.
process.once('SIGTERM', () => {
  console.error(`It was held open by: ${process.getActiveResourcesInfo().join(', ') || 'nothing'}.`);
  process.exit(143);
});

/** The reporter that node:test is given with --test-reporter; its lines go where --test-reporter-destination says. */
async function* reportTests(source: AsyncIterable<NodeTestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const told = eventOf(event);
    if (told !== undefined) yield `${JSON.stringify(told)}\n`;
  }
}

// biome-ignore lint/style/noDefaultExport: node:test takes the default export of a reporter.
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

/** node:test gives a reason, an empty one, true, false or nothing. */
function isSaid(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}

/** A suite fails when a test in it does, which is told there. */
function textOf(error: Error & { readonly failureType?: string }): string {
  const isOfSubtests = error.failureType === 'subtestsFailed';
  return isOfSubtests ? error.message : inspect(error.cause ?? error, { depth: 4 });
}
