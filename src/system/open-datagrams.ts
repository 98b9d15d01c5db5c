import { bun } from './bun/api.ts';
import { openBunDatagrams } from './bun/datagrams.ts';
import type { OpenDatagrams } from './datagram-socket.ts';
import { openNodeDatagrams } from './node/datagrams.ts';

/** Opens a socket that answers, as the runtime that runs us does it best. */
export const openDatagrams: OpenDatagrams = bun === undefined ? openNodeDatagrams : openBunDatagrams(bun);
