/** A fenced block of a Markdown document. */
export interface Block {
  /** The word after the opening fence. */
  readonly language: string;
  readonly text: string;
  /** The HTML comment in the line before it; empty without one. */
  readonly mark: string;
  /** Whether it follows the block before it, with nothing but an empty line between. */
  readonly follows: boolean;
}

/** The fenced blocks of a document, in order. */
export function blocksOf(document: string): readonly Block[] {
  const blocks = document.matchAll(/(\n```\n+)?(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)(?=\n```\n)/gs);
  return [...blocks].map(([, end, mark = '', language = '', text = '']) => ({
    language,
    text,
    mark,
    follows: end !== undefined,
  }));
}

/**
 * Whether a program printed what a document says. `…` stands for anything within a line, and alone on a line for any
 * number of lines; `key` stands for any public key, the same one wherever it is.
 */
export function matchesExample(expected: string, printed: string, key: string): boolean {
  let hasKey = false;
  const pattern = expected.split('\n').map((line) => {
    if (line === '…') return '(?:.*\n)*?';
    const parts = line.split(/(…|[a-z0-9]{52})/).map((part) => {
      if (part === '…') return '.*';
      if (part !== key) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      if (hasKey) return '\\k<key>';
      hasKey = true;
      return '(?<key>[a-z0-9]{52})';
    });
    return `${parts.join('')}\n`;
  });
  return new RegExp(`^${pattern.join('')}$`).test(`${printed.trimEnd()}\n`);
}
