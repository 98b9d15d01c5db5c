// Attacks DNS over HTTPS until it is ended, in a process of its own: attack.js NAME PORT CA-FILE
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CROWD, crowd, floods, SLOWNESS, slowAttacks } from '../../test/attacks/https-attacks.ts';
import { HOST } from './process.ts';

/** Connections of a crowd. */
const SIZE = 400;
/** Milliseconds between the end of an attack and its next time. */
const PAUSE = 200;

const [, , name = '', port = '', authority = ''] = process.argv;
const address = { host: HOST, port: Number(port), ca: readFileSync(authority, 'utf8') };
for (;;) {
  if (name === CROWD) await Promise.all(crowd(address, SIZE));
  else if (name === SLOWNESS) await Promise.all(Object.values(slowAttacks(address)).map((run) => run()));
  else await floods(address, 1)[name]?.();
  await sleep(PAUSE);
}
