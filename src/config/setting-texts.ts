import { type SettingKey, type Settings, settingKeys, settings, settingToText } from './settings.ts';

/** Every setting as text. Unlike the values, it can be sent to another process. */
export type SettingTexts = Readonly<Record<SettingKey, string>>;

/** Settings as texts. */
export function settingsToTexts(values: Settings): SettingTexts {
  return Object.fromEntries(settingKeys.map((key) => [key, settingToText(key, values[key])])) as SettingTexts;
}

/** Parses what `settingsToTexts` wrote. @throws RangeError for text that is not valid for its setting. */
export function settingsFromTexts(texts: SettingTexts): Settings {
  const entries = settingKeys.map((key) => {
    const { kind, name } = settings[key];
    // No element of a list contains white space.
    const reading = kind.read(kind.isList ? texts[key].split(' ') : texts[key]);
    if (!reading.ok) throw new RangeError(`${JSON.stringify(texts[key])} is not valid for ${name}.`);
    return [key, reading.value] as const;
  });
  return Object.fromEntries(entries) as unknown as Settings;
}
