import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadSettings } from '../../../src/config/load-settings.ts';
import { settingKeys, settings, variableOf } from '../../../src/config/settings.ts';
import { mutateText } from '../mutate.ts';
import type { FuzzTarget } from '../target.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-fuzz-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, 'pkarrd.toml');

const VALUES = [
  '"default"',
  '"none"',
  '[]',
  '1',
  'true',
  'nan',
  '-inf',
  '"127.0.0.1:53"',
  '["::1", 1]',
  '"16 MB"',
  '{ a = 1 }',
  '1979-05-27',
];
const PIECES = [
  '"',
  '[',
  ']',
  '{',
  '=',
  '\n',
  '[[publish]]\n',
  '[[keep]]\nkey = "x"\n',
  "'",
  '"""',
  '\\u0000',
  '\ufeff',
  '#',
  '9',
];

/** A configuration gives settings or its own error. */
export const configuration: FuzzTarget = {
  name: 'configuration',
  async run(random) {
    const line = () => `${settings[random.pick(settingKeys)].name} = ${random.pick(VALUES)}\n`;
    writeFileSync(file, mutateText(random.some(6, line).join(''), PIECES, random));
    const environment = Object.fromEntries(
      random.some(2, () => [
        variableOf(random.pick(settingKeys)),
        mutateText('127.0.0.1:53', PIECES, random),
      ]),
    );
    try {
      await loadSettings({ file, machine: { environment, isRoot: false, home: undefined }, flags: {} });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  },
};
