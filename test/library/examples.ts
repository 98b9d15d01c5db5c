import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/installed-package.ts';
import { blocksOf } from '../support/markdown.ts';

/** The programs in the README by their names. */
export const examples: ReadonlyMap<string, string> = new Map(
  blocksOf(readFileSync(join(root, 'README.md'), 'utf8'))
    .filter(({ language }) => language === 'js')
    .map(({ mark, text }) => [mark.replace('example: ', ''), text]),
);

/** An example that asks others than the public network. */
export function exampleWith(
  name: string,
  network: { readonly bootstrap?: readonly string[]; readonly relay?: string },
): string {
  const text = examples.get(name) ?? '';
  const options = JSON.stringify({ bootstrap: network.bootstrap, relays: [] });
  return text
    .replace('new Client()', `new Client(${options})`)
    .replace(/'https:\/\/pkarr\.[^']*'/, JSON.stringify(network.relay));
}
