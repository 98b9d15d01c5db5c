/** Registers how to end something that was started. */
export type Undo = (end: () => unknown) => void;

/** What was built, and how to end it. */
export type Built<T> = T & { close(): Promise<void> };

/**
 * Builds something from several parts that must be ended. If a part fails to start, the parts before it are ended, since
 * their sockets and threads would keep the test's process alive. `close` ends all parts, the last one first.
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
