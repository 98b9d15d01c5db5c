import type { BrowserName } from './own-machine.ts';

/** What somebody sets so that a browser opens names of keys. */
export type Setting = 'nothing' | 'system' | 'preferences' | 'https' | 'https-search';

/** One line of the table in the README: each is run, with the address bar of the real browser, in the test of its setting. */
export interface Row {
  readonly browser: BrowserName;
  readonly setting: Setting;
  /** What is typed, with KEY for a key that the browser has never seen, and opens its site. */
  readonly opens: readonly string[];
  /** What goes to the search engine. */
  readonly searches: readonly string[];
}

/** How the table says it. */
const settingTexts: Readonly<Record<Setting, string>> = {
  nothing: 'nothing: the gateway of a running pkarrd',
  system: 'the machine asks pkarrd ([`integrate`](#use-it-for-the-whole-machine))',
  https:
    '[DNS over HTTPS](#a-certificate-for-dns-over-https-and-tls): a certificate, and a policy that `pkarrd certificate` prints',
  'https-search': 'the same, and `search key` in `/etc/resolv.conf`',
  preferences:
    'the same, and in `about:config` `browser.fixup.dns_first_for_single_words` and `browser.fixup.domainsuffixwhitelist.key`',
};

export const rows: readonly Row[] = [
  {
    browser: 'Chromium',
    setting: 'nothing',
    opens: ['KEY.localhost:8053', 'www.KEY.localhost:8053', 'http://KEY.localhost:8053/'],
    searches: [],
  },
  {
    browser: 'Firefox',
    setting: 'nothing',
    opens: ['KEY.localhost:8053', 'www.KEY.localhost:8053', 'http://KEY.localhost:8053/'],
    searches: [],
  },
  {
    browser: 'Chromium',
    setting: 'system',
    opens: ['http://KEY', 'KEY/', 'www.KEY/', 'KEY.key/', 'KEY.internal', 'www.KEY.internal'],
    searches: ['KEY', 'www.KEY', 'KEY.key'],
  },
  {
    browser: 'Firefox',
    setting: 'system',
    opens: ['http://KEY', 'KEY/', 'www.KEY', 'www.KEY/', 'KEY.key/', 'KEY.internal'],
    searches: ['KEY', 'KEY.key'],
  },
  { browser: 'Firefox', setting: 'preferences', opens: ['KEY', 'KEY.key'], searches: [] },
  {
    browser: 'Chromium',
    setting: 'https',
    opens: ['KEY./', 'www.KEY/', 'KEY.key/', 'KEY.internal'],
    searches: ['KEY', 'www.KEY', 'KEY.key'],
  },
  { browser: 'Chromium', setting: 'https-search', opens: ['http://KEY', 'KEY/'], searches: [] },
  {
    browser: 'Firefox',
    setting: 'https',
    opens: ['http://KEY', 'KEY/', 'www.KEY', 'KEY.key/', 'KEY.internal'],
    searches: ['KEY', 'KEY.key'],
  },
];

const code = (typed: readonly string[]) => typed.map((text) => `\`${text}\``).join(' ');

/** The cells of the table in the README. */
export const browserTable: readonly (readonly string[])[] = rows.map(
  ({ browser, setting, opens, searches }) => [browser, settingTexts[setting], code(opens), code(searches)],
);
