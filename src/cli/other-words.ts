import { didYouMean } from '../config/nearest.ts';
import { commands } from './commands.ts';

/** What was probably meant by a first word that is no command: ` Did you mean …?`, or nothing. */
export function meantBy(word: string): string {
  const meant = otherWords.get(word.toLowerCase());
  if (meant !== undefined) return ` Did you mean ${meant}?`;
  const begun = commands.filter(({ name }) => word.length >= 3 && name.startsWith(word.toLowerCase()));
  if (begun.length === 1) return ` Did you mean ${begun[0]?.name}?`;
  const known = word.startsWith('-')
    ? ['--version', '--help']
    : [...commands.map(({ name }) => name), 'help'];
  return didYouMean(word, known);
}

/** What words mean that other programs have for the same: `-v`, `version`, `lookup`. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ...['-v', '-version', 'version', 'ver'].map((word) => [word, '--version'] as const),
  ...['-?', '-help', '/?', 'usage'].map((word) => [word, '--help'] as const),
  ...['lookup', 'dig', 'nslookup', 'host', 'drill', 'ask', 'get'].map((word) => [word, 'query'] as const),
  ...['start', 'run', 'daemon', 'server', 'resolver'].map((word) => [word, 'serve'] as const),
  ...['put', 'sign', 'upload', 'set', 'update'].map((word) => [word, 'publish'] as const),
  ...['key', 'generate', 'genkey', 'new'].map((word) => [word, 'keygen'] as const),
  ...['import', 'restore'].map((word) => [word, 'keygen --from'] as const),
  ...['export', 'words', 'mnemonic'].map((word) => [word, 'backup'] as const),
  ...['ls', 'list'].map((word) => [word, 'name list'] as const),
  ...['loglevel', 'verbose'].map((word) => [word, 'log-level'] as const),
  ...['fetch', 'whois'].map((word) => [word, 'resolve'] as const),
  ...['config', 'validate', 'settings'].map((word) => [word, 'check'] as const),
  ...['cert', 'tls'].map((word) => [word, 'certificate'] as const),
  ...['diagnose', 'debug', 'test'].map((word) => [word, 'doctor'] as const),
  ...['names', 'petname', 'petnames', 'alias'].map((word) => [word, 'name'] as const),
  ...['info', 'stats', 'show'].map((word) => [word, 'status'] as const),
]);
