import { defaultSettings, type SettingKey, settingGroups, settings, settingToText } from './settings.ts';
import { wrapText } from './wrap-text.ts';

/**
 * A configuration file that changes nothing: each setting with its default, as a comment. Without its `#` a line says what
 * the comment above it promises.
 */
export function sampleConfiguration(): string {
  const blocks = settingGroups.flatMap(({ heading, keys }) => [
    `# --- ${heading} ---`,
    ...keys.map((key) => {
      const { name, help, kind, defaultText } = settings[key];
      return [
        ...wrapText(`${help}.`, WIDTH).map((line) => `# ${line}`),
        ...wrapText(`Accepted: ${kind.accepts}.`, WIDTH).map((line) => `# ${line}`),
        ...wrapText(`Default: ${defaultText}.`, WIDTH).map((line) => `# ${line}`),
        `#${name} = ${defaultInToml(key)}`,
      ].join('\n');
    }),
  ]);
  return `${HEAD}\n${blocks.join('\n\n')}\n\n${TABLES}`;
}

/** The default as a TOML value. The file is that of the system's service, so they are the defaults of root. */
function defaultInToml(key: SettingKey): string {
  const value: unknown = defaults[key];
  if (typeof value === 'boolean') return String(value);
  const text = settingToText(key, defaults[key]);
  if (Array.isArray(value)) {
    const words = value.length === 0 ? [] : text.split(' ');
    return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  }
  return typeof value === 'number' && text === String(value) ? text : JSON.stringify(text);
}

const defaults = defaultSettings({ environment: {}, isRoot: true, home: undefined });

const WIDTH = 100;

const HEAD = `# The configuration of pkarrd. No line of it is required: what is not set has its default.
# "pkarrd check" reads this file as the program does, and says what each setting is.
`;

const TABLES = `# A zone file that is signed and kept published. Paths are relative to this file; repeat the table for more.
#[[publish]]
#zone = "home.zone"
#key = "home.key"
# The domain that the file was written for, if that was another than the key:
#origin = "example.com"

# A key, of anybody, whose newest packet is kept in the network.
#[[keep]]
#key = "pk:yeewwbdysq95j7cpitkx9n1xkozc11hizxy8truct3uy8w1yzj1y"
#name = "a friend"

# Names of your own for keys, last in the file: alice.internal and names below it mean the key.
#[names]
#alice = "pk:yeewwbdysq95j7cpitkx9n1xkozc11hizxy8truct3uy8w1yzj1y"
`;
