import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What stands in `TMPDIR` for one test file: its temporary files go with it, also when it failed or was killed. */
export interface OwnFolder {
  readonly path: string;
  /** The environment of this process, with `TMPDIR`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Removes all of it, after the processes that write there have been killed; says what could not be removed. */
  remove(): void;
}

/** What nobody removed yet: a run that is ended by a signal leaves none of it. */
const open = new Set<OwnFolder>();
function removeAll(): void {
  for (const folder of open) folder.remove();
}

/** Makes a folder for the temporary files of a test, where every user of this machine may write, as in /tmp. */
export function ownFolder(): OwnFolder {
  const path = mkdtempSync(join(tmpdir(), 'pkarrd-test-'));
  const temporary = join(path, 'tmp');
  mkdirSync(temporary);
  chmodSync(path, 0o755);
  chmodSync(temporary, 0o1777);
  const folder: OwnFolder = {
    path,
    environment: { ...process.env, TMPDIR: temporary },
    remove() {
      open.delete(folder);
      try {
        // What was killed a moment ago may still be writing.
        rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      } catch (error) {
        console.error(`# left behind: ${(error as Error).message}`);
      }
    },
  };
  // As the last thing: whoever kills what writes there comes before.
  process.off('exit', removeAll).on('exit', removeAll);
  open.add(folder);
  return folder;
}
