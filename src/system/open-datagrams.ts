import { bun } from './bun/api.ts';
import { openBunDatagrams } from './bun/datagrams.ts';
import type { OpenDatagrams } from './datagram-socket.ts';
import { openNodeDatagrams } from './node/datagrams.ts';

/** Opens a server socket in the way that is best for the current runtime. */
export const openDatagrams: OpenDatagrams = bun === undefined ? openNodeDatagrams : openBunDatagrams(bun);
