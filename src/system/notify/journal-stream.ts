import { fstatSync } from 'node:fs';

/**
 * Whether a descriptor is connected to the systemd journal. systemd.exec(5), $JOURNAL_STREAM: "Programs should parse the
 * device and inode numbers ... and compare them with the file descriptor's", since children that write elsewhere
 * inherit the variable.
 */
export function isJournal(
  descriptor: number,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { JOURNAL_STREAM: stream } = environment;
  if (stream === undefined || stream === '') return false;
  const { dev, ino } = fstatSync(descriptor);
  return stream === `${dev}:${ino}`;
}
