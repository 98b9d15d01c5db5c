/** What the packages expect of Node. */
import { Buffer } from 'buffer';

export { Buffer };
export const process = {
  env: {},
  version: 'v20.0.0',
  nextTick: (run, ...rest) => queueMicrotask(() => run(...rest)),
};
export const global = globalThis;
