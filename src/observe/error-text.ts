/** Characters of an error's text that go into a line of the log. */
const MAX_TEXT = 8_000;

/** Characters of a place. */
const MAX_PLACE = 120;

/** The text of an error for the log: its stack, if it has one. Never throws, whatever was thrown. */
export function errorText(error: unknown): string {
  try {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return text.slice(0, MAX_TEXT);
  } catch {
    // An object without a prototype has no text, and a getter of one may throw.
    return 'an error without a text';
  }
}

/**
 * Where an error comes from: function, file and line of the first of its frames that is not the runtime's own, for
 * example `Forwarder.resolve (forwarder.js:112)`. Never throws.
 */
export function errorPlace(error: unknown): string {
  const frames = errorText(error)
    .split('\n')
    .flatMap((line) => readFrame(line) ?? []);
  const frame = frames.find(({ isRuntime }) => !isRuntime) ?? frames[0];
  return frame === undefined ? 'unknown' : frame.text.slice(0, MAX_PLACE);
}

/** A line of a stack: `    at FUNCTION (FILE:LINE:COLUMN)`, or without a function `    at FILE:LINE:COLUMN`. */
function readFrame(line: string): { readonly text: string; readonly isRuntime: boolean } | undefined {
  const [, name, path = '', number] =
    /^\s+at (?:(.{1,200}) \()?([^()]{1,1000}):(\d+):\d+\)?$/.exec(line) ?? [];
  if (number === undefined) return undefined;
  const where = `${path.slice(path.lastIndexOf('/') + 1)}:${number}`;
  return { text: name === undefined ? where : `${name} (${where})`, isRuntime: /^(?:node|bun):/.test(path) };
}
