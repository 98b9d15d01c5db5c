import type { Machine } from '../config/table/setting.ts';

/** Whether text may have other characters than those of ASCII: the locale says so (POSIX.1-2024, XBD 8.2). */
export function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Machine['environment']): boolean {
  // The first that is set and not empty counts.
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}
