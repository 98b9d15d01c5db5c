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

/** A row for each setting with its three names, for the documentation. */
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
    help: settings[key].help,
    default: settings[key].defaultText,
  }));
}
