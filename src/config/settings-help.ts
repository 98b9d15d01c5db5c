import { flagOf, type SettingKey, settingKeys, settings, variableOf } from './settings.ts';

/** One flag in a help text. */
export interface FlagHelp {
  /** `--listen ADDRESS:PORT`. */
  readonly usage: string;
  /** Sentences without a final period. */
  readonly text: string;
}

/** Help for the flags of these settings, in the order of the table of settings. */
export function settingsHelp(keys: readonly SettingKey[]): readonly FlagHelp[] {
  return settingKeys
    .filter((key) => keys.includes(key))
    .map((key) => {
      const { kind, help, defaultText } = settings[key];
      const repeated = kind.isList ? '; repeatable' : '';
      return {
        usage: `${flagOf(key)} ${kind.placeholder}`,
        text: `${help}${repeated} (default: ${defaultText})`,
      };
    });
}

/** A row for each setting with its three names, and with the words that it may be, for the documentation. */
export function settingsTable(): readonly {
  key: string;
  flag: string;
  variable: string;
  help: string;
  default: string;
}[] {
  return settingKeys.map((key) => ({
    key: settings[key].name,
    flag: flagOf(key),
    variable: variableOf(key),
    help: `${settings[key].help}${wordsOf(settings[key].kind.placeholder)}`,
    default: settings[key].defaultText,
  }));
}

/** ` (off, fallback, always)`: the words of a choice, but of one between on and off, whose default says enough. */
function wordsOf(placeholder: string): string {
  const isChoice = /^[a-z]+(?:\|[a-z]+)+$/.test(placeholder) && placeholder !== 'on|off';
  return isChoice ? ` (${placeholder.replaceAll('|', ', ')})` : '';
}
