/** Writes docs/json.md, which says what commands write with --json. A test compares it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bun.ts';
import { jsonPage } from './documents/json/page.ts';

writeFileSync(join(root, 'docs', 'json.md'), jsonPage());
