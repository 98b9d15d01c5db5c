import assert from 'node:assert/strict';
import type { Browser } from './browser.ts';
import type { Row } from './rows.ts';
import { newKey, type Scene } from './scene.ts';

/** The site that {@link tryRow} opens, and its address. */
export const site = { name: 'the site of the key', address: '5.0.0.1' };

/**
 * Types everything that a row has into the address bar. Each time it is another key: a browser completes what it has opened
 * before. The site has to be open on the Internet of the scene.
 */
export async function tryRow(scene: Scene, browser: Browser, { opens, searches }: Row): Promise<void> {
  for (const typed of [...opens, ...searches]) {
    const key = newKey();
    await scene.dht.publish(key.pair, `@ A ${site.address}\nwww CNAME @`);
    const { url, text } = await browser.type(typed.replace('KEY', key.text));
    const what = `${typed}: ${url} ${text}`;
    if (opens.includes(typed)) assert.ok(text.startsWith(site.name), what);
    else assert.match(`${url} ${text}`, /duckduckgo\.com|www\.google\.com\/search/, what);
    const isAsked = scene.internet.requests.some(({ host }) => host.includes(key.text));
    assert.equal(isAsked, opens.includes(typed), what);
  }
}
