import { bun } from '../bun/api.ts';

/** What runs the program, and its version, for people: `node 20.19.6`. */
export const runtimeText: string = bun === undefined ? `node ${process.versions.node}` : `bun ${bun.version}`;
