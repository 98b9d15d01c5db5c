/**
 * Makes dist/documents from the program's own help and its table of settings: manual pages, completion for three shells, and
 * a sample configuration in which every line is a comment.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sampleConfiguration } from '../src/config/sample-file.ts';
import { programVersion } from '../src/system/program-version.ts';
import { root } from './bun.ts';
import { bashCompletion } from './documents/bash-completion.ts';
import { fishCompletion } from './documents/fish-completion.ts';
import { configurationPage, programPage } from './documents/manual-pages.ts';
import { programWords } from './documents/program-words.ts';
import { zshCompletion } from './documents/zsh-completion.ts';
import { sourceDate } from './source-date.ts';

const folder = join(root, 'dist', 'documents');
const words = await programWords();
const facts = { version: programVersion(), date: sourceDate().toISOString().slice(0, 10) };

rmSync(folder, { recursive: true, force: true });
for (const [name, content] of [
  ['man/pkarrd.1', programPage(words, facts)],
  ['man/pkarrd.toml.5', configurationPage(facts)],
  ['completion/bash/pkarrd', bashCompletion(words)],
  ['completion/zsh/_pkarrd', zshCompletion(words)],
  ['completion/fish/pkarrd.fish', fishCompletion(words)],
  ['pkarrd.toml', sampleConfiguration()],
] as const) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
