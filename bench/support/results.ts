import { BENCHMARKS } from './benchmarks.ts';

/** What RESULTS.md is: what stands before its sections, and these. */
export interface Results {
  readonly intro: string;
  readonly sections: readonly Section[];
}

/** A section: its heading, what it says, and which benchmark printed it; undefined for the table of targets. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly bench: string | undefined;
}

/** The heading of the table of targets. */
export const TARGETS = 'Targets and measurements';

/** Reads RESULTS.md, or what a benchmark printed. */
export function readResults(text: string): Results {
  const [intro = '', ...parts] = text.split(/^## /m);
  return {
    intro: intro.trim(),
    sections: parts.map((part) => {
      const end = part.indexOf('\n');
      const body = part.slice(end + 1).trim();
      // The line that `stamped` writes.
      const bench = /^`node dist\/bench\/([\w-]+)\.js`, /.exec(body)?.[1];
      return { title: part.slice(0, end).trim(), text: body, bench };
    }),
  };
}

/** Writes RESULTS.md, as the formatter of the project has it. */
export function writeResults({ intro, sections }: Results): string {
  return `${[intro, ...sections.map(({ title, text }) => `## ${title}\n\n${text}`)].join('\n\n')}\n`;
}

/** What a benchmark printed, as sections that say which it was, and when it ran; `when` is a date and a time. */
export function stamped(bench: string, printed: string, when: string): readonly Section[] {
  const text = printed.startsWith('## ') ? printed : `## ${bench}\n\n${printed}`;
  return readResults(text).sections.map((section) => ({
    ...section,
    bench,
    text: `\`node dist/bench/${bench}.js\`, ${when}.\n\n${section.text}`,
  }));
}

/** The same results with other sections of one benchmark, at their place. Those of the others stay as they are. */
export function merged(results: Results, bench: string, sections: readonly Section[]): Results {
  const order = BENCHMARKS.map(({ name }) => name);
  const others = results.sections.filter((section) => section.bench !== bench);
  const before = others.findLastIndex(
    (section) => section.bench === undefined || order.indexOf(section.bench) < order.indexOf(bench),
  );
  return { ...results, sections: others.toSpliced(before + 1, 0, ...sections) };
}

/** The same results with another table of targets, which stands first. */
export function withTargets(results: Results, table: string): Results {
  const target = { title: TARGETS, text: table, bench: undefined };
  return { ...results, sections: [target, ...results.sections.filter(({ title }) => title !== TARGETS)] };
}
