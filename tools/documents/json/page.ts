import { commandOutputs } from './commands.ts';
import { type CommandOutputs, type Field, type JsonObject, objectsIn, type Shape } from './description.ts';
import { error } from './shared-objects.ts';

/** The page `docs/json.md`. */
export function jsonPage(): string {
  return [
    ...introduction,
    '## Commands',
    ...commandOutputs.flatMap(commandLines),
    '## Objects',
    ...objectsInOrder().flatMap(objectLines),
  ]
    .join('\n\n')
    .concat('\n');
}

const introduction = [
  '# JSON of commands',
  '<!-- Made by `node dist/tools/build-json-page.js` of tools/documents/json. -->',
  'Every command that prints a result takes `--json`. Standard output is then one JSON object, or one in each line where a command goes on until it is stopped. Each has `"schema": 1`, the version of what is described here. What goes on, and notes for people, are on standard error.',
  'An error is an object too, in one line: `{"schema":1,"error":"…","exitCode":3}`. It takes the place of the result, or is the last line of a stream. Only an error has the field `error`. So it is when the command line is invalid, when a question that needs a terminal cannot be asked or is answered with no, and when SIGINT (Ctrl-C) or SIGTERM ends a command that was not finished; 130 and 143 are then the exit codes that a shell tells.',
  'A result may come with exit code 1 as well: of `query` and `resolve` where there are no such records, of `check`, `doctor`, `status`, `install` and `demo` where something is wrong.',
  '## What stays',
  'While `schema` is 1:',
  [
    '- A field keeps its name, its type, its unit and its meaning. One that is always there stays so.',
    '- Fields may be added, and so may words that a field can have, names in maps, and kinds of facts: programs ignore what they do not know.',
    '- The wording of sentences may change: fields that are described as text for people (`error`, `text`, `sentence`, `explanation`) are shown and not compared.',
  ].join('\n'),
  'Anything else makes the next version.',
  '## Names and units',
  [
    '- A name is the same kind of value in all commands: `key` is always a public key, as 52 characters of z-base-32, and the path of a key file is `keyFile`.',
    '- A duration is a number that ends in `Ms` (milliseconds) or `Seconds`, and a size one that ends in `Bytes` or is `bytes`. Only the TTL of a record is `ttl`, in seconds, as everywhere in DNS. Numbers have three decimals at most.',
    '- A point in time is a date: UTC, ISO 8601, such as `2026-01-02T03:04:05.000Z`. The `timestamp` of a packet is µs since 1970 as a text of digits, since not every reader of JSON keeps such a number; `date` is the same as a date.',
    '- What is true or false begins with `is`, but for `authenticData`, which is a word of DNS.',
    '- A value that is not known or does not apply is absent, and never null.',
  ].join('\n'),
];

function commandLines({ command, outputs }: CommandOutputs): readonly string[] {
  const lines = outputs.map(({ when, object, isLine }) => {
    const what = `${isLine ? 'in each line ' : ''}[${object.title}](#${anchor(object)})`;
    return `- ${when === '' ? capital(what) : `${capital(when)}: ${what}`}`;
  });
  return [`### ${command}`, lines.join('\n')];
}

function objectLines({ title, means, fields }: JsonObject): readonly string[] {
  return [`### ${title}`, means, Object.entries(fields).map(fieldLine).join('\n')];
}

function fieldLine([name, { shape, means, isOptional }]: [string, Field]): string {
  const kind = `${shapeText(shape)}${isOptional ? ', may be absent' : ''}`;
  return `- \`${name}\` (${kind}): ${means}`;
}

function shapeText(shape: Shape): string {
  if (typeof shape === 'string') return scalars[shape];
  if ('words' in shape) return shape.words.map((word) => `\`${word}\``).join(' | ');
  if ('list' in shape) return `list of ${shapeText(shape.list)}`;
  if ('map' in shape) return `by ${shape.of}: ${shapeText(shape.map)}`;
  return `[${shape.title}](#${anchor(shape)})`;
}

const scalars: Readonly<Record<Extract<Shape, string>, string>> = {
  text: 'text',
  boolean: 'true or false',
  count: 'whole number',
  number: 'number',
  share: 'number from 0 to 1',
  ms: 'number, ms',
  seconds: 'number, seconds',
  bytes: 'whole number, bytes',
  date: 'date',
  timestamp: 'text, digits',
  key: 'public key',
  hex: 'text, hexadecimal',
  path: 'path',
  anything: 'any value',
};

/** As GitHub makes it of a heading. */
function anchor({ title }: JsonObject): string {
  return title.toLowerCase().replaceAll(' ', '-');
}

/** Every object once, those of commands before what is inside them. */
function objectsInOrder(): readonly JsonObject[] {
  const outputs = commandOutputs.flatMap((of) => of.outputs);
  return [...objectsIn([error, ...outputs.map(({ object }) => object)])];
}

function capital(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}
