import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { DATA_ID, ROOT_ID } from './element-ids.ts';
import { type SectionName, sections, titleText } from './sections.ts';

/** One document of the page. */
export interface PageDocument {
  readonly section: SectionName;
  /** What stands in the title before that of the section. */
  readonly title?: string;
  /** The section, as a browser without scripting shows it. */
  readonly content: VNode;
  /** What the script of the page begins with, and was rendered: plain values. */
  readonly data: unknown;
  readonly files: LoadedFiles;
}

/** The addresses of what a document loads. */
export interface LoadedFiles {
  readonly script: string;
  readonly style: string;
}

/** No icon is fetched; without one named, browsers ask for /favicon.ico. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%230b6e4f'/%3E%3Ccircle cx='12' cy='13' r='5' fill='none' stroke='%23fff' stroke-width='3'/%3E%3Cpath d='M15.5 16.5l8 8m-3.5-3.5l2.5-2.5' stroke='%23fff' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E";

/** A whole document, of which nothing but the script and the style is fetched, and nothing from elsewhere. */
export function renderDocument({ section, title, content, data, files }: PageDocument): string {
  const here = sections[section];
  const body = renderToString(
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <a class="brand" href="/">
          pkarrd
        </a>
        <nav aria-label="Sections">
          <ul>
            {Object.values(sections).map(({ path, title: name }) => (
              <li>
                <a href={path} aria-current={path === here.path ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <div id={ROOT_ID} data-section={section}>
          {content}
        </div>
      </main>
    </>,
  );
  const head = renderToString(
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{titleText(section, title ?? '')}</title>
      <link rel="icon" href={ICON} />
      <link rel="stylesheet" href={files.style} />
      <script type="module" src={files.script} />
    </head>,
  );
  const block = `<script type="application/json" id="${DATA_ID}">${escaped(JSON.stringify(data))}</script>`;
  return `<!doctype html>\n<html lang="en">${head}<body>${body}${block}</body></html>\n`;
}

/** JSON in which nothing ends its element: a string can hold `</script>`. */
function escaped(json: string): string {
  return json.replaceAll('<', String.raw`\u003c`);
}
