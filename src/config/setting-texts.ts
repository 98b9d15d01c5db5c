import { type SettingKey, type Settings, settingKeys, settings, settingToText } from './settings.ts';

/** Every setting as people would write it: what can cross to another process, where the values cannot. */
export type SettingTexts = Readonly<Record<SettingKey, string>>;

/** Settings as texts. */
export function settingsToTexts(values: Settings): SettingTexts {
  return Object.fromEntries(settingKeys.map((key) => [key, settingToText(key, values[key])])) as SettingTexts;
}

/** The settings that `settingsToTexts` wrote. @throws RangeError for a text that is none of its setting's. */
export function settingsFromTexts(texts: SettingTexts): Settings {
  const entries = settingKeys.map((key) => {
    const { kind, name } = settings[key];
    // No element of a list has white space in it.
    const reading = kind.read(kind.isList ? texts[key].split(' ') : texts[key]);
    if (!reading.ok) throw new RangeError(`${JSON.stringify(texts[key])} is no value of ${name}.`);
    return [key, reading.value] as const;
  });
  return Object.fromEntries(entries) as unknown as Settings;
}
