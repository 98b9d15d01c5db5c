/** Writes the folder `systemd`: the units of a program at /usr/bin/pkarrd, as packages have them. A test compares. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dropIns } from '../src/install/service-drop-ins.ts';
import { units } from '../src/install/systemd-units.ts';
import { root } from './bun.ts';

const folder = join(root, 'systemd');

mkdirSync(join(folder, 'pkarrd.service.d'), { recursive: true });
for (const [name, text] of Object.entries(units(['/usr/bin/pkarrd'])))
  writeFileSync(join(folder, name), text);
for (const { name, content } of dropIns) writeFileSync(join(folder, 'pkarrd.service.d', name), content);
