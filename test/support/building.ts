/** Notes how something that was started is ended. */
export type Undo = (end: () => unknown) => void;

/** What was built, and its end. */
export type Built<T> = T & { close(): Promise<void> };

/**
 * Builds something out of several parts that must be ended. When one part cannot be started, those before it are ended:
 * otherwise their sockets and threads keep the process of the test open for ever. `close` ends them, the last one first.
 */
export async function building<T extends object>(build: (undo: Undo) => Promise<T>): Promise<Built<T>> {
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return Object.assign(await build((end) => ends.push(end)), { close });
  } catch (error) {
    await close();
    throw error;
  }
}
