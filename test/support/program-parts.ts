import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './installed-package.ts';

/** A file of `dist/program`, as `tools/build-program.ts` tells of it. */
export interface ProgramPart {
  readonly path: string;
  /** What is in it, as paths below `src` without their ending. */
  readonly sources: readonly string[];
  /** The paths of the parts that it loads at once, and not only when something is used. */
  readonly loads: readonly string[];
}

/** The parts with these sources, and all that are loaded with them. */
export function loadedWith(sources: readonly string[]): readonly ProgramPart[] {
  const parts: readonly ProgramPart[] = JSON.parse(
    readFileSync(join(root, 'dist', 'program-parts.json'), 'utf8'),
  );
  const loaded = new Set(parts.filter((part) => part.sources.some((source) => sources.includes(source))));
  // A set gives what is added while it is walked.
  for (const { loads } of loaded) for (const part of parts) if (loads.includes(part.path)) loaded.add(part);
  return [...loaded];
}
